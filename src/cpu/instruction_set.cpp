// SPDX-License-Identifier: Apache-2.0
// Asks the processor and, for the tile registers of AMX, the kernel.
#include "cpu/instruction_set.hpp"

#if defined(__x86_64__)
#include <cpuid.h>
#endif
#if defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif
#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <string>

#include <slalom/error.hpp>

namespace slalom::cpu {
namespace {

#if defined(__x86_64__)
/// Tile registers that multiply bfloat16, which a process may use only if it has asked Linux (5.16 on) for them.
bool has_amx() {
#if defined(__linux__)
  unsigned a = 0;
  unsigned b = 0;
  unsigned c = 0;
  unsigned d = 0;
  constexpr unsigned kBf16AndTiles = 1U << 22U | 1U << 24U;
  if (__get_cpuid_count(7, 0, &a, &b, &c, &d) == 0 || (d & kBf16AndTiles) != kBf16AndTiles) return false;
  constexpr long kRequestPermission = 0x1023;  // ARCH_REQ_XCOMP_PERM
  constexpr long kTileData = 18;               // XFEATURE_XTILE_DATA
  return syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
#else
  return false;
#endif
}
#endif

/// As SLALOM_CPU_ISA spells it: AVX-512 is avx512.
std::string spelled(std::string_view name) {
  std::string result;
  for (const char c : name) {
    if (c != '-') result += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return result;
}

}  // namespace

std::vector<InstructionSet> instruction_sets() {
  std::vector<InstructionSet> sets;
#if defined(__x86_64__)
  __builtin_cpu_init();
  const bool avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  if (avx512 && avx2) {
    const InstructionSet set{
        .name = "AVX-512", .linear = &kLinearAvx512, .network = &kNetworkAvx512, .products = &kProductAvx512};
    static const bool kHasAmx = has_amx();
    if (kHasAmx) {
      sets.push_back(set);
      sets.back().name = "AMX";
      sets.back().large_products = &kProductAmx;
    }
    sets.push_back(set);
  }
  if (avx2)
    sets.push_back({.name = "AVX2", .linear = &kLinearAvx2, .network = &kNetworkAvx2, .products = &kProductAvx2});
#endif
  sets.push_back(
      {.name = "baseline", .linear = &kLinearBaseline, .network = &kNetworkBaseline, .products = &kProductBaseline});
  return sets;
}

InstructionSet chosen_instruction_set() {
  const std::vector<InstructionSet> sets = instruction_sets();
  const char* const wanted = std::getenv("SLALOM_CPU_ISA");
  if (wanted == nullptr || *wanted == '\0') return sets.front();
  const auto found =
      std::ranges::find(sets, std::string(wanted), [](const InstructionSet& set) { return spelled(set.name); });
  if (found != sets.end()) return *found;
  std::string names;
  for (const InstructionSet& set : sets) names += (names.empty() ? "" : ", ") + spelled(set.name);
  throw UsageError("SLALOM_CPU_ISA: found '" + std::string(wanted) + "'; expected one that this machine has: " + names);
}

}  // namespace slalom::cpu
