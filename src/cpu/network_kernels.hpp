// SPDX-License-Identifier: Apache-2.0
// The passes of a network's training step between its matrix products, compiled for several instruction sets.
#pragma once

#include <cstdint>

#include <slalom/config.hpp>

#include "core/dropout.hpp"
#include "core/rules.hpp"
#include "cpu/linear_kernels.hpp"

namespace slalom::cpu {

/// Rows [first_row, first_row + rows) of a batch at a hidden layer. Columns are handled in groups of 8; buffers have room.
struct ActivationRows {
  float* z = nullptr;  ///< [rows, z_row] in: what the activation h sees; out: dh/dz times the dropout factor
  float* h = nullptr;  ///< [rows, h_row] out: h(z) times the dropout factor
  std::int64_t z_row = 0, h_row = 0;
  std::int64_t rows = 0, columns = 0;
  std::int64_t first_row = 0;
  float dropout = 0.0F;                   ///< rate; 0: none
  const core::DropoutKey* key = nullptr;  ///< with its layer
};
using ActivatePass = void (*)(const ActivationRows&);

/// Columns of a layer with batch normalisation. Everything is laid out in groups of 8 columns; the last may be short.
struct NormColumns {
  std::int64_t rows = 0;
  std::int64_t first = 0, last = 0;  ///< columns; first is a multiple of 8
  float* z = nullptr;                ///< [rows, row] in: before; out: what the activation sees
  float* normalised = nullptr;       ///< [rows, row] out
  float* delta = nullptr;            ///< backward, [rows, row] in: derivative by what the activation sees; out: by z
  std::int64_t row = 0;
  float* inverse_deviation = nullptr;                     ///< [columns]
  const float *gamma = nullptr, *beta = nullptr;          ///< [columns]
  float *running_mean = nullptr, *running_var = nullptr;  ///< [columns] blended with the batch's, or (prediction) used
  float *gamma_gradient = nullptr, *beta_gradient = nullptr;
};
using NormPass = void (*)(const NormColumns&);

/// Outputs of rows of a batch become derivatives of its mean loss; returns their share of that loss. `z`: [n_outputs,
/// z_row], a column a row of the batch; columns up to the next multiple of 8 are set to zero. Of `problem`: targets,
/// labels, row_weights, n_outputs, loss_constant, and tile == kMostTile; of `pass`: rows, n, batch_rows, scratch.
using LossPass = double (*)(const LinearProblem& problem, const LinearPass& pass, float* z, std::int64_t z_row);

/// sums[j] = sum over i of values[i * row + j], for j < columns rounded up to 8; in the order of i.
using ColumnSumPass = void (*)(const float* values, std::int64_t row, std::int64_t rows, std::int64_t columns,
                               float* sums);
/// The sum of n values (zeros up to the next multiple of 8), in eight lanes.
using SumPass = float (*)(const float* values, std::int64_t n);

/// `n` parameters, a multiple of 8, with their gradient and slots.
struct UpdateRange {
  float* parameters = nullptr;
  const float* gradient = nullptr;
  float* slots[core::kMaxSlots] = {};
  std::int64_t n = 0;
  const core::StepConstants<float>* constants = nullptr;
};
using UpdateRangePass = void (*)(const UpdateRange&);

struct NetworkKernels {
  ActivatePass (*activate)(Activation) = nullptr;
  LossPass (*loss)(LossKind) = nullptr;
  NormPass normalise = nullptr;          ///< with the batch's statistics
  NormPass normalise_running = nullptr;  ///< with running statistics
  NormPass normalise_backward = nullptr;
  ColumnSumPass column_sums = nullptr;
  SumPass sum = nullptr;
  UpdateRangePass (*update)(core::Rule, core::RuleFlags) = nullptr;
  FinitePass all_finite = nullptr;
  void (*clip_by_value)(float* gradient, std::int64_t n, float limit) = nullptr;  ///< n: a multiple of 8, as below
  double (*sum_of_squares)(const float* gradient, std::int64_t n) = nullptr;      ///< in eight float64 lanes
  void (*scale)(float* gradient, std::int64_t n, float factor) = nullptr;
};

extern const NetworkKernels kNetworkBaseline;
extern const NetworkKernels kNetworkAvx2;    ///< x86 only
extern const NetworkKernels kNetworkAvx512;  ///< x86 only

}  // namespace slalom::cpu
