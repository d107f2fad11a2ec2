// SPDX-License-Identifier: Apache-2.0
// Opens pseudo-terminals, and starts programs on them.
#include "support/pseudo_terminal.hpp"

#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <regex>

namespace slalom::testing {
namespace {

winsize size_of(int columns) {
  winsize size{};
  size.ws_row = 24;
  size.ws_col = static_cast<unsigned short>(columns);
  return size;
}

}  // namespace

PseudoTerminal::PseudoTerminal(int columns) : screen_(posix_openpt(O_RDWR | O_NOCTTY)) {
  if (screen_ < 0 || grantpt(screen_) != 0 || unlockpt(screen_) != 0) return;
  stream_.reset(std::fopen(ptsname(screen_), "w"));
  resize(columns);
}

PseudoTerminal::~PseudoTerminal() {
  stream_.reset();
  if (screen_ >= 0) close(screen_);
}

void PseudoTerminal::resize(int columns) const {
  const winsize size = size_of(columns);
  ioctl(screen_, TIOCSWINSZ, &size);
}

std::string PseudoTerminal::written() {
  constexpr char kMark = '\x1d';  // no program under test writes it; what is before it was written before
  constexpr int kPatience = 30000;
  std::fputc(kMark, stream_.get());
  std::fflush(stream_.get());
  std::string text;
  pollfd screen{.fd = screen_, .events = POLLIN, .revents = 0};
  while (!text.ends_with(kMark)) {  // arrives in parts
    char part[4096];
    const ssize_t n = poll(&screen, 1, kPatience) > 0 ? read(screen_, part, sizeof part) : 0;
    if (n <= 0) return text + " [the terminal lost what was written]";
    text.append(part, static_cast<std::size_t>(n));
  }
  text.pop_back();
  return text;
}

TerminalRun run_on_terminal(const std::string& command, int columns) {
  TerminalRun run;
  const winsize size = size_of(columns);
  int screen = -1;
  const pid_t child = forkpty(&screen, nullptr, nullptr, &size);
  if (child < 0) return run;
  if (child == 0) {
    execl("/bin/sh", "sh", "-c", command.c_str(), nullptr);
    _exit(127);
  }
  run.started = true;
  char part[4096];
  for (ssize_t n = read(screen, part, sizeof part); n > 0; n = read(screen, part, sizeof part)) {
    run.written.append(part, static_cast<std::size_t>(n));
  }
  close(screen);
  int raw = 0;
  waitpid(child, &raw, 0);
  run.status = WIFEXITED(raw) ? WEXITSTATUS(raw) : 128 + WTERMSIG(raw);
  return run;
}

std::string without_colours(const std::string& text) {
  return std::regex_replace(text, std::regex("\x1b\\[[0-9;]*m"), "");
}

}  // namespace slalom::testing
