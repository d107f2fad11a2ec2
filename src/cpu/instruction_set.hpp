// SPDX-License-Identifier: Apache-2.0
// The instruction sets that passes are compiled for, and which of them this machine has.
#pragma once

#include <string_view>
#include <vector>

#include "cpu/linear_kernels.hpp"
#include "cpu/network_kernels.hpp"
#include "cpu/product_kernels.hpp"

namespace slalom::cpu {

/// Passes and what they are compiled for.
struct InstructionSet {
  std::string_view name;
  const LinearKernels* linear = nullptr;
  const NetworkKernels* network = nullptr;
  const ProductKernels* products = nullptr;
  const ProductKernels* large_products = nullptr;  ///< instead, where packing pays (NetworkProducts); null: none
};

/// What this machine can run, the widest first. All give the same bits, but that large products of AMX are other sums, and
/// that the products of the baseline are rounded before they are added.
[[nodiscard]] std::vector<InstructionSet> instruction_sets();

/// The widest, or the one that the environment variable SLALOM_CPU_ISA names (amx, avx512, avx2 or baseline). Throws
/// UsageError if it names another one, or one that this machine does not have.
[[nodiscard]] InstructionSet chosen_instruction_set();

}  // namespace slalom::cpu
