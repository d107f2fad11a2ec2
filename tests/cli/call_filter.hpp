// SPDX-License-Identifier: Apache-2.0
// Picks the system calls that a test wants to meddle with: the kernel's filter language (seccomp) for one kind of call.
#pragma once

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/syscall.h>

#include <array>
#include <cstddef>
#include <string_view>

namespace slalom::testing {

/// The number of read, pread64, write, fsync, rename or clone3; -1 for another name.
inline int call_number(std::string_view name) {
  if (name == "read") return SYS_read;
  if (name == "pread64") return SYS_pread64;
  if (name == "write") return SYS_write;
  if (name == "fsync") return SYS_fsync;
  if (name == "rename") return SYS_rename;
  if (name == "clone3") return SYS_clone3;
  return -1;
}

/// A filter that answers `action` (SECCOMP_RET_...) to `call`, of reads and writes only to those of at least
/// `least_bytes`, and lets all other calls through.
inline std::array<sock_filter, 6> call_filter(int call, unsigned least_bytes, unsigned action) {
  constexpr auto kCall = static_cast<unsigned>(offsetof(seccomp_data, nr));
  constexpr auto kCount = static_cast<unsigned>(offsetof(seccomp_data, args) + 2 * sizeof(__u64));  // the low half
  const bool counts = call != SYS_fsync && call != SYS_rename;
  return {{BPF_STMT(BPF_LD | BPF_W | BPF_ABS, kCall),
           BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<unsigned>(call), 0, 3),
           BPF_STMT(BPF_LD | BPF_W | BPF_ABS, kCount),
           BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, counts ? least_bytes : 0U, 0, 1), BPF_STMT(BPF_RET | BPF_K, action),
           BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)}};
}

}  // namespace slalom::testing
