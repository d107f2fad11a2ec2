// SPDX-License-Identifier: Apache-2.0
// The fused float32 pass of models without hidden layers.
#include "cpu/linear_engine.hpp"

#include <algorithm>
#include <array>

namespace slalom::cpu {
namespace {

/// Partial sums of a dot product. Lane i sums elements i, i + 16, ...; the lanes are added pairwise.
constexpr std::int64_t kLanes = 16;

float dot(const float* a, const float* b, std::int64_t n) {
  std::array<float, kLanes> sums{};
  std::int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    for (std::int64_t lane = 0; lane < kLanes; ++lane)
      sums[static_cast<std::size_t>(lane)] += a[i + lane] * b[i + lane];
  }
  for (std::int64_t lane = 0; i + lane < n; ++lane) sums[static_cast<std::size_t>(lane)] += a[i + lane] * b[i + lane];
  for (std::size_t width = kLanes / 2; width > 0; width /= 2) {
    for (std::size_t lane = 0; lane < width; ++lane) sums[lane] += sums[lane + width];
  }
  return sums[0];
}

void add_scaled(float* into, float factor, const float* row, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) into[i] += factor * row[i];
}

}  // namespace

LinearEngine::LinearEngine(const ModelSpec& spec, const Dataset& data)
    : layer_(ParameterLayout(spec).layers[0]),
      view_(data.view()),
      loss_(spec, data),
      z_(static_cast<std::size_t>(spec.n_outputs)) {}

void LinearEngine::reserve(std::int64_t) {}

void LinearEngine::outputs_of(const float* row, const float* parameters, float* z) const {
  for (std::int64_t j = 0; j < layer_.outputs; ++j) {
    z[j] = dot(parameters + layer_.weight + j * layer_.inputs, row, layer_.inputs) + parameters[layer_.bias + j];
  }
}

double LinearEngine::loss_and_gradient(std::span<const std::uint32_t> rows, std::span<const std::uint32_t> next_rows,
                                       std::span<float> parameters, std::span<float> gradient,
                                       const core::DropoutKey&) {
  std::fill(gradient.begin(), gradient.end(), 0.0F);
  const auto n = static_cast<std::int64_t>(rows.size());
  double loss = 0.0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (i < next_rows.size()) __builtin_prefetch(view_.row(next_rows[i]));
    const float* row = view_.row(rows[i]);
    outputs_of(row, parameters.data(), z_.data());
    loss += loss_.apply(rows[i], n, z_.data());
    for (std::int64_t j = 0; j < layer_.outputs; ++j) {
      const float derivative = z_[static_cast<std::size_t>(j)];
      add_scaled(gradient.data() + layer_.weight + j * layer_.inputs, derivative, row, layer_.inputs);
      gradient[static_cast<std::size_t>(layer_.bias + j)] += derivative;
    }
  }
  return loss;
}

void LinearEngine::predict(const FeatureView& x, std::span<const std::uint32_t> rows, std::int64_t first,
                           std::span<const float> parameters, std::span<float> outputs) {
  const std::int64_t n = static_cast<std::int64_t>(outputs.size()) / layer_.outputs;
  for (std::int64_t i = 0; i < n; ++i) {
    const std::int64_t row = rows.empty() ? first + i : static_cast<std::int64_t>(rows[static_cast<std::size_t>(i)]);
    outputs_of(x.row(row), parameters.data(), outputs.data() + i * layer_.outputs);
  }
}

}  // namespace slalom::cpu
