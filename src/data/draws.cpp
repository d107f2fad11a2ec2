// SPDX-License-Identifier: Apache-2.0
// Asks the processor, and goes through the words of a sequence.
#include "data/draws.hpp"

#include <algorithm>

#include "core/philox.hpp"

namespace slalom::data {

std::vector<DrawKernels> draw_kernels() {
  std::vector<DrawKernels> kernels;
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f")) kernels.push_back(kDrawsAvx512);
  if (__builtin_cpu_supports("avx2")) kernels.push_back(kDrawsAvx2);
#endif
  kernels.push_back(kDrawsBaseline);
  return kernels;
}

void FallingDraws::refill() {
  kernels_.words(sequence_, counter_, words_);
  counter_ += kDrawWords / 4;
  used_ = 0;
}

std::size_t FallingDraws::next(std::uint32_t bound, std::size_t n, std::uint32_t* into) {
  if (used_ == kDrawWords) refill();
  const std::size_t drawn = kernels_.falling(words_ + used_, std::min(n, kDrawWords - used_), bound, into);
  used_ += drawn;
  if (drawn > 0) return drawn;
  into[0] = core::uniform_below(bound, [this] {
    if (used_ == kDrawWords) refill();
    return words_[used_++];
  });
  return 1;
}

}  // namespace slalom::data
