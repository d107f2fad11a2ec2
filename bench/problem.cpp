// SPDX-License-Identifier: Apache-2.0
// Names, data and work of benchmark problems.
#include "problem.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include <slalom/model.hpp>

#include "core/rules.hpp"

namespace slalom::bench {
namespace {

constexpr std::int64_t kClasses = 10;

/// Knuth's linear congruential generator: any numbers do here, and 100 million are drawn in a blink.
class Numbers {
 public:
  /// Uniform in [-1, 1).
  double next() {
    state_ = state_ * 1664525U + 1013904223U;
    return static_cast<double>(state_) / 2147483648.0 - 1.0;
  }

 private:
  std::uint32_t state_ = 1;
};

}  // namespace

ModelSpec plain_model(ModelKind kind, std::int64_t n_features) {
  ModelSpec spec;
  spec.kind = kind;
  spec.n_features = n_features;
  if (kind == ModelKind::kLogistic) spec.loss.kind = LossKind::kBce;
  if (kind == ModelKind::kSoftmax) {
    spec.loss.kind = LossKind::kCrossEntropy;
    spec.n_outputs = kClasses;
  }
  return spec;
}

ModelSpec network(std::int64_t n_features, std::vector<std::int64_t> hidden, std::int64_t n_classes) {
  ModelSpec spec;
  spec.kind = ModelKind::kMlp;
  spec.n_features = n_features;
  spec.hidden = std::move(hidden);
  spec.n_outputs = n_classes;
  if (n_classes > 1) spec.loss.kind = LossKind::kCrossEntropy;
  return spec;
}

std::string model_name(const ModelSpec& spec) {
  std::string name(name_of(spec.kind));
  for (const std::int64_t width : spec.hidden) name += "-" + std::to_string(width);
  return name;
}

std::string shape_name(const Problem& problem) {
  return "d:" + std::to_string(problem.spec.n_features) + "/batch:" + std::to_string(problem.batch_size);
}

std::string key_of(const Problem& problem) {
  return model_name(problem.spec) + "/" + shape_name(problem) + "/" + std::to_string(problem.n_rows) + "/" +
         std::string(name_of(problem.optimizer)) + "/" + std::to_string(problem.n_members) +
         (problem.two_valued ? "/two-valued" : "");
}

std::vector<MemberConfig> members_of(const Problem& problem) {
  std::vector<MemberConfig> members(static_cast<std::size_t>(problem.n_members));
  for (std::size_t m = 0; m < members.size(); ++m) members[m] = {.optimizer = {.kind = problem.optimizer}, .stream = m};
  return members;
}

double learning_rate(const Problem& problem) {
  const ModelSpec& spec = problem.spec;
  // Least squares of single rows diverge from 1 / E |x|^2 = 3 / d on; a classifier's loss is less curved.
  const double plain = (spec.is_classifier() ? 8.0 : 0.5) / static_cast<double>(spec.n_features);
  switch (problem.optimizer) {
    case OptimizerKind::kSgd:
    case OptimizerKind::kAveragedSgd: return spec.is_linear() ? plain : 0.02;
    case OptimizerKind::kMomentum:
    case OptimizerKind::kNesterov: return spec.is_linear() ? plain / 10.0 : 0.002;
    case OptimizerKind::kAdagrad:
    case OptimizerKind::kFtrl: return 0.05;
    default: return spec.is_linear() ? 5e-3 : 1e-3;
  }
}

std::int64_t steps_of(const Problem& problem, std::int64_t rows) {
  return (rows + problem.batch_size - 1) / problem.batch_size;
}

Dataset make_data(const Problem& problem) {
  const std::int64_t d = problem.spec.n_features;
  const std::int64_t stride = row_stride(d);
  Dataset data{.n_rows = problem.n_rows, .n_features = d, .n_targets = 1};
  data.features.resize(static_cast<std::size_t>(problem.n_rows * stride));
  Numbers numbers;
  const double scale = 0.9 * std::sqrt(3.0 / static_cast<double>(d));
  for (std::int64_t i = 0; i < problem.n_rows; ++i) {
    double sum = 0.0;
    for (std::int64_t j = 0; j < d; ++j) {
      const double number = numbers.next();
      const auto value = static_cast<float>(problem.two_valued ? std::copysign(std::sqrt(1.0 / 3.0), number) : number);
      data.features[static_cast<std::size_t>(i * stride + j)] = value;
      sum += j % 3 == 0 ? -static_cast<double>(value) : static_cast<double>(value);
    }
    const double score = scale * sum + 0.75 * numbers.next();
    if (problem.spec.loss.kind == LossKind::kCrossEntropy) {
      const auto k = static_cast<double>(problem.spec.n_outputs);
      data.labels.push_back(static_cast<std::int32_t>(std::clamp((score + 2.0) / 4.0 * k, 0.0, k - 1.0)));
    } else {
      data.targets.push_back(static_cast<float>(problem.spec.is_classifier() ? (score > 0.0 ? 1.0 : 0.0) : score));
    }
  }
  return data;
}

Work work_of_row(const Problem& problem) {
  const auto d = static_cast<double>(problem.spec.n_features);
  const double row = problem.two_valued ? d / 8.0 : 4.0 * static_cast<double>(row_stride(problem.spec.n_features));
  Work work{.bytes = row + 4.0};
  const ParameterLayout layout(problem.spec);
  for (std::size_t i = 0; i < layout.layers.size(); ++i) {
    const auto weights = static_cast<double>(layout.layers[i].inputs * layout.layers[i].outputs);
    work.flops += (i == 0 ? 4.0 : 6.0) * weights;
  }
  return work;
}

std::int64_t working_set(const Problem& problem) {
  const std::int64_t slots = core::resolve_rule({.kind = problem.optimizer}).n_slots;
  const std::int64_t of_member = ParameterLayout(problem.spec).n_trainable * (2 + slots);
  const std::int64_t floats_of_row =
      problem.two_valued ? problem.spec.n_features / 32 : row_stride(problem.spec.n_features);
  return 4 * (problem.n_rows * (floats_of_row + 1) + problem.n_members * of_member);
}

}  // namespace slalom::bench
