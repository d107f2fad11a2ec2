// SPDX-License-Identifier: Apache-2.0
// The parameters of a model: their layout in one flat arena, how they start, and the trained model as a file.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <slalom/config.hpp>
#include <slalom/preprocess.hpp>

namespace slalom {

/// A named matrix inside the arena, row-major [rows, cols] without gaps. Weights are [out, in]; vectors have cols == 1.
struct TensorView {
  std::string name;  ///< "layers.0.weight", "layers.0.bias", "norms.0.gamma", ".beta", ".running_mean", ".running_var"
  std::int64_t offset = 0;
  std::int64_t rows = 0;
  std::int64_t cols = 1;
  [[nodiscard]] std::int64_t size() const noexcept { return rows * cols; }
};

/// Where one dense layer's parameters live; offsets into the arena, -1 where the layer has none.
struct LayerView {
  std::int64_t inputs = 0, outputs = 0;
  std::int64_t weight = 0, bias = 0;
  std::int64_t gamma = -1, beta = -1, running_mean = -1, running_var = -1;
};

/// One flat arena: first all weights (the part that l1, l2 and weight decay act on), then biases, gammas and betas,
/// then buffers that are not trained (running statistics). Every tensor starts at a multiple of 8 floats; the padding
/// is and stays zero.
struct ParameterLayout {
  std::vector<LayerView> layers;
  std::vector<TensorView> tensors;
  std::int64_t n_weights = 0;    ///< arena elements [0, n_weights) are weights
  std::int64_t n_trainable = 0;  ///< arena elements [0, n_trainable) have gradients
  std::int64_t n_total = 0;
  std::int64_t n_parameters = 0;  ///< trainable values without padding, for people

  explicit ParameterLayout(const ModelSpec& spec);
};

/// Starting values of the arena, float32-representable, from (seed, stream) by Philox. kAuto: zeros for linear models,
/// He uniform before relu, leaky-relu, gelu and silu, Xavier uniform before tanh and sigmoid and for the last layer.
/// Biases and betas 0, gammas and running variances 1.
[[nodiscard]] std::vector<double> initial_parameters(const ModelSpec& spec, std::uint64_t seed, std::uint64_t stream);

/// A trained model: enough to predict from raw files.
struct Model {
  ModelSpec spec;
  Preprocessing preprocessing;
  std::vector<float> parameters;  ///< the arena
  /// Free-form facts about the training run (device, seed, epochs, losses), in order.
  std::vector<std::pair<std::string, std::string>> facts;
};

/// Writes a safetensors file atomically (temporary name, fsync, rename). Equal models give equal bytes. Throws
/// OutputError.
void save_model(const Model& model, const std::string& path);

/// Reads what save_model wrote. The file is untrusted: every size and shape is checked before it is used.
/// Throws InputError (cannot open) or DataError ("FILE: not a slalom model: ...", "FILE: truncated: ...").
[[nodiscard]] Model load_model(const std::string& path);

/// Weights of a model without hidden layers in original units: target = intercept + sum coefficient * raw feature.
struct LinearCoefficients {
  std::vector<std::string> features;
  std::vector<double> coefficients;  ///< [n_outputs, n_features]
  std::vector<double> intercepts;    ///< [n_outputs]
};
[[nodiscard]] LinearCoefficients coefficients_in_original_units(const Model& model);

}  // namespace slalom
