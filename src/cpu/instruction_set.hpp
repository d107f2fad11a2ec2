// SPDX-License-Identifier: Apache-2.0
// The instruction sets that passes are compiled for, and which of them this machine has.
#pragma once

#include <string_view>
#include <vector>

#include "cpu/linear_kernels.hpp"

namespace slalom::cpu {

/// Passes and what they are compiled for.
struct InstructionSet {
  std::string_view name;
  const LinearKernels* linear = nullptr;
};

/// What this machine can run, the widest first. All give the same bits.
[[nodiscard]] std::vector<InstructionSet> instruction_sets();

}  // namespace slalom::cpu
