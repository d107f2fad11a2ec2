// SPDX-License-Identifier: Apache-2.0
// Forward and backward passes of a model of dense layers, with plain matrix products: the reference path.
#pragma once

#include <cmath>
#include <cstring>
#include <utility>
#include <vector>

#include <slalom/model.hpp>

#include "core/activations.hpp"
#include "core/batch_norm.hpp"
#include "cpu/batch_loss.hpp"
#include "cpu/plain_matmul.hpp"
#include "cpu/stepped_engine.hpp"

namespace slalom::cpu {

inline constexpr std::int64_t kPredictRows = 256;

/// Activations are [rows, units] row-major without padding.
template <class Real>
class NetworkEngine : public SteppedEngine<Real> {
 public:
  NetworkEngine(const ModelSpec& spec, const Dataset& data)
      : SteppedEngine<Real>(ParameterLayout(spec)),
        spec_(spec),
        layout_(spec),
        view_(data.view()),
        loss_(spec, data),
        work_(layout_.layers.size()) {}

  void reserve(std::int64_t rows) override {
    if (rows <= capacity_) return;
    capacity_ = rows;
    const auto room = [rows](std::vector<Real>& buffer, std::int64_t units) {
      buffer.resize(static_cast<std::size_t>(rows * units));
    };
    for (std::size_t i = 0; i < work_.size(); ++i) {
      const LayerView& layer = layout_.layers[i];
      Work& work = work_[i];
      room(work.input, layer.inputs);
      room(work.z, layer.outputs);
      room(work.delta, layer.outputs);
      if (i + 1 < work_.size() && spec_.dropout > 0.0) room(work.mask, layer.outputs);
      if (layer.gamma >= 0) {
        room(work.normalised, layer.outputs);
        work.inverse_deviation.resize(static_cast<std::size_t>(layer.outputs));
      }
    }
  }

  double loss_and_gradient(std::span<const std::uint32_t> rows, std::span<Real> parameters, std::span<Real> gradient,
                           const core::DropoutKey& dropout) override {
    const auto n = static_cast<std::int64_t>(rows.size());
    for (std::int64_t i = 0; i < n; ++i) gather(view_, rows[static_cast<std::size_t>(i)], i);
    forward(n, parameters.data(), parameters.data(), dropout);

    Work& last = work_.back();
    double loss = 0.0;
    for (std::int64_t i = 0; i < n; ++i) {
      loss += loss_.apply(rows[static_cast<std::size_t>(i)], n, last.z.data() + i * spec_.n_outputs);
    }
    std::swap(last.delta, last.z);
    backward(n, parameters.data(), gradient.data());
    return loss;
  }

  void predict(const FeatureView& x, std::span<const std::uint32_t> rows, std::int64_t first,
               std::span<const Real> parameters, std::span<float> outputs) override {
    const auto total = static_cast<std::int64_t>(outputs.size()) / spec_.n_outputs;
    reserve(std::min(total, kPredictRows));
    for (std::int64_t start = 0; start < total; start += kPredictRows) {
      const std::int64_t n = std::min(kPredictRows, total - start);
      for (std::int64_t i = 0; i < n; ++i) {
        gather(x,
               rows.empty() ? first + start + i : static_cast<std::int64_t>(rows[static_cast<std::size_t>(start + i)]),
               i);
      }
      forward(n, parameters.data(), nullptr, {});
      for (std::int64_t j = 0; j < n * spec_.n_outputs; ++j) {
        outputs[static_cast<std::size_t>(start * spec_.n_outputs + j)] =
            static_cast<float>(work_.back().z[static_cast<std::size_t>(j)]);
      }
    }
  }

 private:
  struct Work {
    std::vector<Real> input;  ///< [rows, inputs]
    std::vector<Real> z;      ///< [rows, outputs] what the activation sees (after normalisation); last layer: outputs
    std::vector<Real> delta;  ///< [rows, outputs] derivative of the loss by z
    std::vector<Real> mask;   ///< [rows, outputs] dropout: 0 or 1 / (1 - rate)
    std::vector<Real> normalised;         ///< [rows, outputs] batch normalisation: (z - mean) / deviation
    std::vector<Real> inverse_deviation;  ///< [outputs]
  };

  void gather(const FeatureView& x, std::int64_t row, std::int64_t to) {
    const float* from = x.row(row);
    Real* into = work_[0].input.data() + to * x.n_features;
    for (std::int64_t j = 0; j < x.n_features; ++j) into[j] = static_cast<Real>(from[j]);
  }

  /// `running`: where running statistics are updated (training); nullptr: they are used instead (prediction, no
  /// dropout).
  void forward(std::int64_t n, const Real* parameters, Real* running, core::DropoutKey dropout) {
    for (std::size_t l = 0; l < work_.size(); ++l) {
      const LayerView& layer = layout_.layers[l];
      Work& work = work_[l];
      multiply<Real>(n, layer.outputs, layer.inputs, {work.input.data(), layer.inputs, 1},
                     {parameters + layer.weight, 1, layer.inputs}, {work.z.data(), layer.outputs, 1});
      if (layer.bias >= 0) add_bias(n, layer, parameters + layer.bias, work.z.data());
      if (l + 1 == work_.size()) return;
      if (layer.gamma >= 0 && running != nullptr) normalise_batch(n, layer, parameters, running, work);
      if (layer.gamma >= 0 && running == nullptr) normalise_running(n, layer, parameters, work);
      dropout.layer = static_cast<std::uint32_t>(l);
      activate(n, layer, work, work_[l + 1].input.data(), running != nullptr && spec_.dropout > 0.0, dropout);
    }
  }

  static void add_bias(std::int64_t n, const LayerView& layer, const Real* bias, Real* z) {
    for (std::int64_t i = 0; i < n; ++i) {
      for (std::int64_t j = 0; j < layer.outputs; ++j) z[i * layer.outputs + j] += bias[j];
    }
  }

  /// Ioffe & Szegedy 2015: the batch's mean and (biased) variance; running statistics take the unbiased one.
  static void normalise_batch(std::int64_t n, const LayerView& layer, const Real* parameters, Real* running,
                              Work& work) {
    const std::int64_t k = layer.outputs;
    for (std::int64_t j = 0; j < k; ++j) {
      double sum = 0.0, squares = 0.0;
      for (std::int64_t i = 0; i < n; ++i) sum += static_cast<double>(work.z[static_cast<std::size_t>(i * k + j)]);
      const double mean = sum / static_cast<double>(n);
      for (std::int64_t i = 0; i < n; ++i) {
        const double d = static_cast<double>(work.z[static_cast<std::size_t>(i * k + j)]) - mean;
        squares += d * d;
      }
      const double variance = squares / static_cast<double>(n);
      const Real inverse = static_cast<Real>(core::batch_inverse_deviation(variance));
      work.inverse_deviation[static_cast<std::size_t>(j)] = inverse;
      for (std::int64_t i = 0; i < n; ++i) {
        const auto at = static_cast<std::size_t>(i * k + j);
        work.normalised[at] = (work.z[at] - static_cast<Real>(mean)) * inverse;
        work.z[at] =
            core::scale_and_shift(work.normalised[at], parameters[layer.gamma + j], parameters[layer.beta + j]);
      }
      if (n == 1) continue;  // one row has no variance to learn from
      const double unbiased = squares / static_cast<double>(n - 1);
      running[layer.running_mean + j] = core::blend_running(running[layer.running_mean + j], mean);
      running[layer.running_var + j] = core::blend_running(running[layer.running_var + j], unbiased);
    }
  }

  static void normalise_running(std::int64_t n, const LayerView& layer, const Real* parameters, Work& work) {
    const std::int64_t k = layer.outputs;
    for (std::int64_t j = 0; j < k; ++j) {
      const Real inverse = core::running_inverse_deviation(parameters[layer.running_var + j]);
      for (std::int64_t i = 0; i < n; ++i) {
        Real& z = work.z[static_cast<std::size_t>(i * k + j)];
        z = core::normalise_running(z, parameters[layer.running_mean + j], inverse, parameters[layer.gamma + j],
                                    parameters[layer.beta + j]);
      }
    }
  }

  void activate(std::int64_t n, const LayerView& layer, Work& work, Real* into, bool drop,
                const core::DropoutKey& key) {
    const std::int64_t k = layer.outputs;
    for (std::int64_t i = 0; i < n * k; ++i)
      into[i] = core::activate(spec_.activation, work.z[static_cast<std::size_t>(i)]);
    if (!drop) return;
    const auto rate = static_cast<float>(spec_.dropout);
    const Real kept = core::dropout_gain<Real>(rate);
    for (std::int64_t i = 0; i < n; ++i) {
      for (std::int64_t j = 0; j < k; ++j) {
        const Real factor = core::dropout_keeps(key, i, j, rate) ? kept : Real(0);
        work.mask[static_cast<std::size_t>(i * k + j)] = factor;
        into[i * k + j] *= factor;
      }
    }
  }

  void backward(std::int64_t n, const Real* parameters, Real* gradient) {
    for (std::size_t l = work_.size(); l-- > 0;) {
      const LayerView& layer = layout_.layers[l];
      Work& work = work_[l];
      multiply<Real>(layer.outputs, layer.inputs, n, {work.delta.data(), 1, layer.outputs},
                     {work.input.data(), layer.inputs, 1}, {gradient + layer.weight, layer.inputs, 1});
      if (layer.bias >= 0) sum_rows(n, layer.outputs, work.delta.data(), gradient + layer.bias);
      if (l == 0) return;
      Work& below = work_[l - 1];
      multiply<Real>(n, layer.inputs, layer.outputs, {work.delta.data(), layer.outputs, 1},
                     {parameters + layer.weight, layer.inputs, 1}, {below.delta.data(), layer.inputs, 1});
      for (std::size_t i = 0; i < static_cast<std::size_t>(n * layer.inputs); ++i) {
        if (spec_.dropout > 0.0) below.delta[i] *= below.mask[i];
        below.delta[i] *= core::activation_derivative(spec_.activation, below.z[i]);
      }
      if (layout_.layers[l - 1].gamma >= 0) normalise_backward(n, layout_.layers[l - 1], parameters, gradient, below);
    }
  }

  static void sum_rows(std::int64_t n, std::int64_t k, const Real* delta, Real* sums) {
    std::fill_n(sums, k, Real(0));
    for (std::int64_t i = 0; i < n; ++i) {
      for (std::int64_t j = 0; j < k; ++j) sums[j] += delta[i * k + j];
    }
  }

  static void normalise_backward(std::int64_t n, const LayerView& layer, const Real* parameters, Real* gradient,
                                 Work& work) {
    const std::int64_t k = layer.outputs;
    sum_rows(n, k, work.delta.data(), gradient + layer.beta);
    Real* gamma_gradient = gradient + layer.gamma;
    std::fill_n(gamma_gradient, k, Real(0));
    for (std::int64_t i = 0; i < n * k; ++i) {
      const auto at = static_cast<std::size_t>(i);
      gamma_gradient[i % k] += work.delta[at] * work.normalised[at];
    }
    for (std::int64_t i = 0; i < n * k; ++i) {
      const auto at = static_cast<std::size_t>(i);
      const std::int64_t j = i % k;
      work.delta[at] =
          core::normalise_derivative<Real>(work.delta[at], work.normalised[at],
                                           {.share = Real(1) / static_cast<Real>(n),
                                            .beta_gradient = gradient[layer.beta + j],
                                            .gamma_gradient = gamma_gradient[j],
                                            .gamma = parameters[layer.gamma + j],
                                            .inverse_deviation = work.inverse_deviation[static_cast<std::size_t>(j)]});
    }
  }

  ModelSpec spec_;
  ParameterLayout layout_;
  FeatureView view_;
  BatchLoss<Real> loss_;
  std::vector<Work> work_;
  std::int64_t capacity_ = 0;
};

}  // namespace slalom::cpu
