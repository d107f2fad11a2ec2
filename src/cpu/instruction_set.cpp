// SPDX-License-Identifier: Apache-2.0
// Asks the processor.
#include "cpu/instruction_set.hpp"

namespace slalom::cpu {

std::vector<InstructionSet> instruction_sets() {
  std::vector<InstructionSet> sets;
#if defined(__x86_64__)
  __builtin_cpu_init();
  const bool avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  if (avx512 && avx2) {
    sets.push_back(
        {.name = "AVX-512", .linear = &kLinearAvx512, .network = &kNetworkAvx512, .products = &kProductAvx512});
  }
  if (avx2)
    sets.push_back({.name = "AVX2", .linear = &kLinearAvx2, .network = &kNetworkAvx2, .products = &kProductAvx2});
#endif
  sets.push_back(
      {.name = "baseline", .linear = &kLinearBaseline, .network = &kNetworkBaseline, .products = &kProductBaseline});
  return sets;
}

}  // namespace slalom::cpu
