// SPDX-License-Identifier: Apache-2.0
// Copies from global to shared memory that run beside the arithmetic (cp.async, compute capability 8.0), and reads of
// shared memory by 32-bit address, which cost less address arithmetic than pointers.
#pragma once

#include <cstdint>

namespace slalom::cuda {

/// The address of a place in shared memory.
[[nodiscard]] __device__ inline unsigned shared_address(const void* pointer) {
  return static_cast<unsigned>(__cvta_generic_to_shared(pointer));
}
/// The same value, which the compiler then keeps in a register instead of computing it again wherever it is used.
[[nodiscard]] __device__ inline unsigned kept(unsigned value) {
  asm volatile("" : "+r"(value));
  return value;
}
[[nodiscard]] __device__ inline float load_shared(unsigned address) {
  float value;
  asm volatile("ld.shared.f32 %0, [%1];" : "=f"(value) : "r"(address) : "memory");
  return value;
}
[[nodiscard]] __device__ inline float4 load_shared4(unsigned address) {
  float4 value;
  asm volatile("ld.shared.v4.f32 {%0, %1, %2, %3}, [%4];"
               : "=f"(value.x), "=f"(value.y), "=f"(value.z), "=f"(value.w)
               : "r"(address)
               : "memory");
  return value;
}

/// Starts copying kBytes (4, 8 or 16, both sides aligned to them) or, if not `present`, writing as many zeros; then
/// `from` is not read. The bytes are there for this thread after wait_async(), for its warp after a __syncwarp more.
template <int kBytes>
__device__ inline void copy_async(unsigned to, const void* from, bool present) {
  const int size = present ? kBytes : 0;
  if constexpr (kBytes == 16) {  // past the L1 cache: every byte is read once
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(to), "l"(from), "r"(size) : "memory");
  } else {
    asm volatile("cp.async.ca.shared.global [%0], [%1], %2, %3;" ::"r"(to), "l"(from), "n"(kBytes), "r"(size)
                 : "memory");
  }
}

/// Closes the group of the copies started since the last call; a group may be empty.
__device__ inline void commit_async() { asm volatile("cp.async.commit_group;" ::: "memory"); }

/// Waits until at most kPending of this thread's newest groups are still under way.
template <int kPending>
__device__ inline void wait_async() {
  asm volatile("cp.async.wait_group %0;" ::"n"(kPending) : "memory");
}

}  // namespace slalom::cuda
