// SPDX-License-Identifier: Apache-2.0
// Runs a program and something else at one exact moment of it: held_call CALL BYTES N COMMAND program argument ...
// The program's N-th call of CALL (read or pread64, those that ask for at least BYTES bytes, but not from /proc, where
// a sanitizer looks at its own process) is held until the shell has run COMMAND. The program needs no seam: the kernel asks this process before it does the call (seccomp).
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

#include "cli/call_filter.hpp"

namespace {

constexpr int kUsage = 64;
constexpr int kUnavailable = 69;

/// Room for a message of one byte that carries one file descriptor.
struct DescriptorMessage {
  DescriptorMessage() {
    header.msg_iov = &part;
    header.msg_iovlen = 1;
    header.msg_control = control.data();
    header.msg_controllen = control.size();
  }
  char byte = 0;
  iovec part{&byte, 1};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  msghdr header{};
};

bool send_descriptor(int socket, int descriptor) {
  DescriptorMessage message;
  cmsghdr* item = CMSG_FIRSTHDR(&message.header);
  item->cmsg_level = SOL_SOCKET;
  item->cmsg_type = SCM_RIGHTS;
  item->cmsg_len = CMSG_LEN(sizeof(int));
  std::memcpy(CMSG_DATA(item), &descriptor, sizeof(int));
  return ::sendmsg(socket, &message.header, 0) == 1;
}

/// -1 if the other side has ended without sending one.
int receive_descriptor(int socket) {
  DescriptorMessage message;
  if (::recvmsg(socket, &message.header, MSG_CMSG_CLOEXEC) != 1) return -1;
  const cmsghdr* item = CMSG_FIRSTHDR(&message.header);
  if (item == nullptr || item->cmsg_type != SCM_RIGHTS) return -1;
  int descriptor = -1;
  std::memcpy(&descriptor, CMSG_DATA(item), sizeof(int));
  return descriptor;
}

/// In the child: has `socket`'s other side asked about the calls, and becomes the program.
int run_program(int socket, int call, unsigned least_bytes, char** arguments) {
  auto filter = slalom::testing::call_filter(call, least_bytes, SECCOMP_RET_USER_NOTIF);
  const sock_fprog program{static_cast<unsigned short>(filter.size()), filter.data()};
  ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  const auto listener =
      static_cast<int>(::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program));
  if (listener < 0 || !send_descriptor(socket, listener)) {
    std::perror("held_call: this system lets no process watch calls");
    return kUnavailable;
  }
  ::close(listener);
  ::close(socket);
  ::execv(arguments[0], arguments);
  std::perror(arguments[0]);
  return kUnavailable;
}

/// Whether the call reads a file of /proc.
bool reads_proc(const seccomp_notif& request) {
  const std::string descriptor =
      "/proc/" + std::to_string(request.pid) + "/fd/" + std::to_string(static_cast<int>(request.data.args[0]));
  std::array<char, 6> start{};
  return ::readlink(descriptor.c_str(), start.data(), start.size()) == static_cast<ssize_t>(start.size()) &&
         std::string_view(start.data(), start.size()) == "/proc/";
}

/// Lets every call go on, the n-th after `command`; returns when the program has ended.
void watch(int listener, long n, const char* command) {
  long count = 0;
  while (true) {
    pollfd ready{.fd = listener, .events = POLLIN, .revents = 0};
    if (::poll(&ready, 1, -1) < 0) continue;
    if ((ready.revents & POLLIN) == 0) return;
    seccomp_notif request{};
    if (::ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &request) != 0) continue;
    if (!reads_proc(request) && ++count == n && std::system(command) != 0)
      std::fprintf(stderr, "held_call: the command failed\n");
    seccomp_notif_resp answer{};
    answer.id = request.id;
    answer.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
    ::ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer);
  }
}

}  // namespace

int main(int argc, char** argv) {
  const int call = argc < 6 ? -1 : slalom::testing::call_number(argv[1]);
  if (call < 0) {
    std::fprintf(stderr, "usage: held_call read|pread64 BYTES N COMMAND program argument ...\n");
    return kUsage;
  }
  std::array<int, 2> sockets{};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET, 0, sockets.data()) != 0) return kUnavailable;
  const pid_t child = ::fork();
  if (child < 0) return kUnavailable;
  if (child == 0) {
    ::close(sockets[0]);
    return run_program(sockets[1], call, static_cast<unsigned>(std::strtoul(argv[2], nullptr, 10)), argv + 5);
  }
  ::close(sockets[1]);
  const int listener = receive_descriptor(sockets[0]);
  if (listener >= 0) watch(listener, std::strtol(argv[3], nullptr, 10), argv[4]);
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
