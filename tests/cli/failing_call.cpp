// SPDX-License-Identifier: Apache-2.0
// Runs a program to which one system call fails, as if the disk were broken: failing_call CALL ERROR BYTES program argument ...
// CALL is read, pread64, write, fsync, rename or clone3 (which starts threads); reads and writes fail that ask for at least BYTES bytes. It needs no
// privilege, and the program no seam: the kernel answers in its place (seccomp).
#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "cli/call_filter.hpp"

namespace {

constexpr int kUsage = 64;
constexpr int kUnavailable = 69;

int error_of(std::string_view name) {
  if (name == "EIO") return EIO;
  if (name == "ENOSPC") return ENOSPC;
  if (name == "EAGAIN") return EAGAIN;
  return -1;
}

}  // namespace

int main(int argc, char** argv) {
  const int call = argc < 5 ? -1 : slalom::testing::call_number(argv[1]);
  const int error = argc < 5 ? -1 : error_of(argv[2]);
  if (call < 0 || error < 0) {
    std::fprintf(stderr, "usage: failing_call CALL EIO|ENOSPC|EAGAIN BYTES program argument ...\n");
    return kUsage;
  }
  const auto least_bytes = static_cast<unsigned>(std::strtoul(argv[3], nullptr, 10));
  auto filter = slalom::testing::call_filter(call, least_bytes, SECCOMP_RET_ERRNO | static_cast<unsigned>(error));
  const sock_fprog program{static_cast<unsigned short>(filter.size()), filter.data()};
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) {
    std::perror("failing_call: this system filters no calls");
    return kUnavailable;
  }
  ::execv(argv[4], argv + 4);
  std::perror(argv[4]);
  return kUnavailable;
}
