// SPDX-License-Identifier: Apache-2.0
// Lays the tensors of a model out in one flat arena.
#include <slalom/model.hpp>

namespace slalom {
namespace {

constexpr std::int64_t kAlignment = 8;  // floats: every tensor starts on a 32-byte boundary

/// Places tensors one after another, each on an aligned offset.
class Placer {
 public:
  explicit Placer(std::vector<TensorView>& tensors) : tensors_(tensors) {}
  std::int64_t place(const std::string& name, std::int64_t rows, std::int64_t cols) {
    const std::int64_t offset = end_;
    tensors_.push_back({name, offset, rows, cols});
    end_ = (offset + rows * cols + kAlignment - 1) / kAlignment * kAlignment;
    return offset;
  }
  [[nodiscard]] std::int64_t end() const noexcept { return end_; }

 private:
  std::vector<TensorView>& tensors_;
  std::int64_t end_ = 0;
};

}  // namespace

ParameterLayout::ParameterLayout(const ModelSpec& spec) {
  std::int64_t inputs = spec.n_features;
  for (const std::int64_t width : spec.hidden) {
    layers.push_back({.inputs = inputs, .outputs = width});
    inputs = width;
  }
  layers.push_back({.inputs = inputs, .outputs = spec.n_outputs});
  const auto name = [](const char* kind, std::size_t i, const char* what) {
    return std::string(kind) + "." + std::to_string(i) + "." + what;
  };

  Placer placer(tensors);
  for (std::size_t i = 0; i < layers.size(); ++i) {
    layers[i].weight = placer.place(name("layers", i, "weight"), layers[i].outputs, layers[i].inputs);
  }
  n_weights = placer.end();
  for (std::size_t i = 0; i < layers.size(); ++i) {
    LayerView& layer = layers[i];
    layer.bias = -1;
    if (spec.batch_norm && i + 1 < layers.size()) {  // beta takes the place of the bias
      layer.gamma = placer.place(name("norms", i, "gamma"), layer.outputs, 1);
      layer.beta = placer.place(name("norms", i, "beta"), layer.outputs, 1);
    } else {
      layer.bias = placer.place(name("layers", i, "bias"), layer.outputs, 1);
    }
  }
  n_trainable = placer.end();
  for (const TensorView& tensor : tensors) n_parameters += tensor.size();
  for (std::size_t i = 0; i + 1 < layers.size(); ++i) {
    if (!spec.batch_norm) break;
    layers[i].running_mean = placer.place(name("norms", i, "running_mean"), layers[i].outputs, 1);
    layers[i].running_var = placer.place(name("norms", i, "running_var"), layers[i].outputs, 1);
  }
  n_total = placer.end();
}

}  // namespace slalom
