// SPDX-License-Identifier: Apache-2.0
// A terminal whose screen is a string.
#pragma once

#include <cstdio>
#include <memory>
#include <string>

namespace slalom::testing {

class PseudoTerminal {
 public:
  explicit PseudoTerminal(int columns);
  ~PseudoTerminal();
  PseudoTerminal(const PseudoTerminal&) = delete;
  PseudoTerminal& operator=(const PseudoTerminal&) = delete;

  /// False where the system gives out no pseudo-terminals: skip the test.
  [[nodiscard]] bool works() const { return stream_ != nullptr; }
  /// The program's end.
  [[nodiscard]] std::FILE* stream() const { return stream_.get(); }
  void resize(int columns) const;
  /// What was written since the last call.
  std::string written();

 private:
  struct Closer {
    void operator()(std::FILE* file) const noexcept { std::fclose(file); }
  };
  int screen_ = -1;
  std::unique_ptr<std::FILE, Closer> stream_;
};

struct TerminalRun {
  int status = -1;      ///< exit status; 128 + signal if a signal ended it
  std::string written;  ///< stdout and stderr as they came, line feeds as \r\n
  bool started = false;
};

/// Runs a shell command on a terminal of its own.
[[nodiscard]] TerminalRun run_on_terminal(const std::string& command, int columns);

/// The text without escape sequences that set colours.
[[nodiscard]] std::string without_colours(const std::string& text);

}  // namespace slalom::testing
