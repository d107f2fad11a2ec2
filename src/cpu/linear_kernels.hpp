// SPDX-License-Identifier: Apache-2.0
// The passes of a training step of a model without hidden layers, compiled for several instruction sets.
#pragma once

#include <cstdint>

#include <slalom/config.hpp>

#include "core/rules.hpp"

namespace slalom::cpu {

/// Where a record of CompactRows has its columns.
struct CompactColumns {
  const std::int64_t* place = nullptr;
  const float* low = nullptr;
  const float* high = nullptr;
};

/// Data and sizes, the same for all passes of a run. Parameters, gradients and state slots are laid out alike: the
/// weights of one output after the other, `width` floats each (the padding is zero), then the biases; `n_all` floats.
struct LinearProblem {
  const float* features = nullptr;  ///< [n_rows, stride], zero beyond n_features; or records of CompactRows
  CompactColumns compact;           ///< of records; otherwise null pointers
  const float* targets = nullptr;   ///< [n_rows, n_outputs]; null for cross-entropy
  const std::int32_t* labels = nullptr;
  const float* row_weights = nullptr;  ///< null: all 1
  std::int64_t stride = 0;             ///< row_stride(n_features), or CompactRows::record
  std::int64_t n_features = 0;
  std::int64_t n_outputs = 0;
  std::int64_t width = 0;      ///< n_features rounded up to 8
  std::int64_t n_weights = 0;  ///< n_outputs * width
  std::int64_t n_all = 0;      ///< n_weights + n_outputs rounded up to 8
  std::int64_t tile = 8;       ///< rows that are kept in L1: a multiple of 8, at most kMostTile
  std::int64_t ahead = 0;      ///< rows between the one in use and the one that is prefetched; 0: none is
  /// Columns between two requests for first lines of rows even further ahead: a multiple of 16, at least width / 4.
  std::int64_t early_step = 0;  ///< 0: there are none
  float loss_constant = 0.0F;
};

inline constexpr std::int64_t kMostTile = 64;

/// Floats of LinearPass::scratch.
[[nodiscard]] constexpr std::int64_t scratch_floats(const LinearProblem& p) { return (2 * p.n_outputs + 2) * p.tile; }

/// One chunk of a batch.
struct LinearPass {
  const std::uint32_t* rows = nullptr;
  std::int64_t n = 0;
  const std::uint32_t* next = nullptr;  ///< rows that are visited after them, for prefetching
  std::int64_t n_next = 0;
  std::int64_t batch_rows = 1;  ///< what the mean is taken over
  const float* parameters = nullptr;
  float* gradient = nullptr;  ///< gets the chunk's part of the gradient of the batch's mean loss
  float* scratch = nullptr;
};

/// Returns the chunk's part of the batch's mean loss.
using GradientPass = double (*)(const LinearProblem&, const LinearPass&);

struct LinearUpdate {
  float* parameters = nullptr;
  float* gradient = nullptr;  ///< is clipped in place
  float* state = nullptr;     ///< slot after slot, n_all floats each; null if there are none
  int n_slots = 0;
  float clip_value = 0.0F;
  double clip_norm = 0.0;
  const core::StepConstants<float>* constants = nullptr;
};

/// Clips and applies one optimiser step.
using UpdatePass = void (*)(const LinearProblem&, const LinearUpdate&);

/// Sizes of these two are multiples of 8.
using FinitePass = bool (*)(const float* values, std::int64_t n);
/// into += from.
using AddPass = void (*)(float* into, const float* from, std::int64_t n);

/// The passes of one instruction set.
struct LinearKernels {
  GradientPass (*gradient)(LossKind loss, const LinearProblem&);
  UpdatePass (*update)(core::Rule rule, core::RuleFlags flags);
  FinitePass all_finite;
  AddPass add;
};

extern const LinearKernels kLinearBaseline;
extern const LinearKernels kLinearAvx2;    ///< x86 only
extern const LinearKernels kLinearAvx512;  ///< x86 only

}  // namespace slalom::cpu
