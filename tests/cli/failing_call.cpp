// SPDX-License-Identifier: Apache-2.0
// Runs a program to which one system call fails as if the disk were broken: failing_call CALL ERROR BYTES program argument ...
// CALL is read, pread64, write, fsync or rename; reads and writes fail that ask for at least BYTES bytes. It needs no
// privilege, and the program no seam: the kernel answers in its place (seccomp).
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace {

constexpr int kUsage = 64;
constexpr int kUnavailable = 69;

int number_of(std::string_view call) {
  if (call == "read") return SYS_read;
  if (call == "pread64") return SYS_pread64;
  if (call == "write") return SYS_write;
  if (call == "fsync") return SYS_fsync;
  if (call == "rename") return SYS_rename;
  return -1;
}

int error_of(std::string_view name) {
  if (name == "EIO") return EIO;
  if (name == "ENOSPC") return ENOSPC;
  return -1;
}

}  // namespace

int main(int argc, char** argv) {
  const int call = argc < 5 ? -1 : number_of(argv[1]);
  const int error = argc < 5 ? -1 : error_of(argv[2]);
  if (call < 0 || error < 0) {
    std::fprintf(stderr, "usage: failing_call read|pread64|write|fsync|rename EIO|ENOSPC BYTES program argument ...\n");
    return kUsage;
  }
  const auto least_bytes = static_cast<unsigned>(std::strtoul(argv[3], nullptr, 10));
  constexpr auto kCall = static_cast<unsigned>(offsetof(seccomp_data, nr));
  constexpr auto kCount = static_cast<unsigned>(offsetof(seccomp_data, args) + 2 * sizeof(__u64));  // the low half
  const bool counts = call != SYS_fsync && call != SYS_rename;
  std::array<sock_filter, 6> filter = {{BPF_STMT(BPF_LD | BPF_W | BPF_ABS, kCall),
                                        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<unsigned>(call), 0, 3),
                                        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, kCount),
                                        BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, counts ? least_bytes : 0U, 0, 1),
                                        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | static_cast<unsigned>(error)),
                                        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)}};
  const sock_fprog program{static_cast<unsigned short>(filter.size()), filter.data()};
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) {
    std::perror("failing_call: this system filters no calls");
    return kUnavailable;
  }
  ::execv(argv[4], argv + 4);
  std::perror(argv[4]);
  return kUnavailable;
}
