// SPDX-License-Identifier: Apache-2.0
// Rules that have no reference vectors (Keras's definitions, FTRL, averaged SGD, proximal steps of adaptive rules)
// against scalar transcriptions of the published formulas, through both host backends.
#include <algorithm>
#include <cmath>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <slalom/backend.hpp>
#include <slalom/model.hpp>

#include "golden/golden_file.hpp"

namespace slalom::testing {
namespace {

// Written from the sources named at each rule, without the project's own formulas.

/// One parameter's optimiser: the new w from the old one, its gradient and the learning rate. Keeps its state.
using Rule = std::function<double(double w, double g, double lr)>;
using MakeRule = std::function<Rule(const OptimizerConfig&)>;

double shrink_to_zero(double w, double t) { return w > t ? w - t : (w < -t ? w + t : 0.0); }

/// keras/optimizers/sgd.py: v = mu v - lr g; w += v, or for nesterov w += mu v - lr g.
Rule keras_sgd(const OptimizerConfig& c, double mu, bool nesterov) {
  return [=, v = 0.0](double w, double g, double lr) mutable {
    g += c.l2 * w;
    v = mu * v - lr * g;
    const double moved = w + (nesterov ? mu * v - lr * g : v);
    return shrink_to_zero(moved, lr * c.l1 / (1.0 - mu));  // the gain of the velocity on a constant gradient
  };
}

/// keras/optimizers/adagrad.py: s starts at 0.1; w -= lr g / sqrt(s + 1e-7).
Rule keras_adagrad(const OptimizerConfig& c) {
  return [=, s = 0.1](double w, double g, double lr) mutable {
    g += c.l2 * w;
    s += g * g;
    return shrink_to_zero(w - lr * g / std::sqrt(s + 1e-7), lr * c.l1 / std::sqrt(s + 1e-7));
  };
}

/// keras/optimizers/rmsprop.py: rho 0.9, epsilon 1e-7 inside the root, the buffer holds the learning rate.
Rule keras_rmsprop(const OptimizerConfig& c) {
  const double mu = c.momentum.value_or(0.0);
  return [=, v = 0.0, mean = 0.0, buffer = 0.0](double w, double g, double lr) mutable {
    g += c.l2 * w;
    v = 0.9 * v + 0.1 * g * g;
    mean = 0.9 * mean + 0.1 * g;
    const double variance = c.centered ? std::max(v - mean * mean, 0.0) : v;
    const double step = lr * g / std::sqrt(variance + 1e-7);
    buffer = mu * buffer + step;
    return w - (mu > 0.0 ? buffer : step);
  };
}

/// keras/optimizers/adam.py and adamw.py: the form with epsilon-hat (Kingma & Ba 2015, end of section 2), epsilon 1e-7.
Rule keras_adam(const OptimizerConfig& c, bool amsgrad, bool decoupled) {
  return [=, m = 0.0, v = 0.0, largest = 0.0, t = 0](double w, double g, double lr) mutable {
    ++t;
    if (decoupled) w -= lr * c.weight_decay * w;
    g += c.l2 * w;
    m += (g - m) * (1.0 - 0.9);
    v += (g * g - v) * (1.0 - 0.999);
    largest = std::max(largest, v);
    const double alpha = lr * std::sqrt(1.0 - std::pow(0.999, t)) / (1.0 - std::pow(0.9, t));
    return w - alpha * m / (std::sqrt(amsgrad ? largest : v) + 1e-7);
  };
}

/// keras/optimizers/nadam.py: u_t = b1 (1 - 0.96^t / 2).
Rule keras_nadam(const OptimizerConfig& c) {
  return [=, m = 0.0, v = 0.0, product = 1.0, t = 0](double w, double g, double lr) mutable {
    ++t;
    g += c.l2 * w;
    const double u = 0.9 * (1.0 - 0.5 * std::pow(0.96, t));
    const double u_next = 0.9 * (1.0 - 0.5 * std::pow(0.96, t + 1));
    product *= u;
    m = 0.9 * m + 0.1 * g;
    v = 0.999 * v + 0.001 * g * g;
    const double m_hat = u_next * m / (1.0 - product * u_next) + (1.0 - u) * g / (1.0 - product);
    return w - lr * m_hat / (std::sqrt(v / (1.0 - std::pow(0.999, t))) + 1e-7);
  };
}

/// Chen et al. 2023, Algorithm 2; the same in keras/optimizers/lion.py.
Rule lion(const OptimizerConfig& c) {
  return [=, m = 0.0](double w, double g, double lr) mutable {
    const double direction = 0.9 * m + 0.1 * g;
    w -= lr * c.weight_decay * w;
    if (direction != 0.0) w -= std::copysign(lr, direction);
    m = 0.99 * m + 0.01 * g;
    return w;
  };
}

/// McMahan et al. 2013, equation (1): w minimises sum g w + sum sigma_s (w - w_s)^2 / 2 + l1 |w| + l2 w^2 / 2, where
/// the sigmas add up to (beta + sqrt(sum g^2)) / rate. The start is the minimiser before any gradient.
Rule ftrl(const OptimizerConfig& c) {
  return [=, history = std::vector<std::pair<double, double>>{}, linear = 0.0, squares = 0.0, before = 0.0](
             double w, double g, double rate) mutable {
    if (history.empty()) {
      before = c.ftrl_beta / rate;
      linear = w == 0.0 ? 0.0 : -w * (before + c.l2) - std::copysign(c.l1, w);
    }
    squares += g * g;
    const double now = (c.ftrl_beta + std::sqrt(squares)) / rate;
    history.emplace_back(now - before, w);
    before = now;
    linear += g;
    double slope = linear;
    for (const auto& [sigma, centre] : history) slope -= sigma * centre;
    return std::fabs(slope) <= c.l1 ? 0.0 : -(slope - std::copysign(c.l1, slope)) / (now + c.l2);
  };
}

/// PyTorch's Adam with the proximal step of its own metric: threshold lr l1 / (sqrt(v-hat) + eps).
Rule pytorch_adam_l1(const OptimizerConfig& c) {
  return [=, m = 0.0, v = 0.0, t = 0](double w, double g, double lr) mutable {
    ++t;
    m = 0.9 * m + 0.1 * g;
    v = 0.999 * v + 0.001 * g * g;
    const double denominator = std::sqrt(v / (1.0 - std::pow(0.999, t))) + 1e-8;
    return shrink_to_zero(w - lr * m / (1.0 - std::pow(0.9, t)) / denominator, lr * c.l1 / denominator);
  };
}

Rule plain_sgd(const OptimizerConfig& c) {
  return [=](double w, double g, double lr) { return shrink_to_zero(w - lr * (g + c.l2 * w), lr * c.l1); };
}

struct Case {
  std::string name;
  OptimizerConfig config;
  MakeRule rule;
};

std::vector<Case> keras_cases() {
  using C = const OptimizerConfig&;
  const Convention keras = Convention::kKeras;
  return {
      {"sgd", {.kind = OptimizerKind::kSgd, .convention = keras}, [](C c) { return keras_sgd(c, 0.0, false); }},
      {"momentum",
       {.kind = OptimizerKind::kMomentum, .convention = keras},
       [](C c) { return keras_sgd(c, 0.9, false); }},
      {"momentum with elastic net",
       {.kind = OptimizerKind::kMomentum, .convention = keras, .momentum = 0.75, .l1 = 0.25, .l2 = 0.125},
       [](C c) { return keras_sgd(c, 0.75, false); }},
      {"nesterov",
       {.kind = OptimizerKind::kNesterov, .convention = keras, .l2 = 0.125},
       [](C c) { return keras_sgd(c, 0.9, true); }},
      {"adagrad", {.kind = OptimizerKind::kAdagrad, .convention = keras}, keras_adagrad},
      {"adagrad with elastic net",
       {.kind = OptimizerKind::kAdagrad, .convention = keras, .l1 = 0.25, .l2 = 0.125},
       keras_adagrad},
      {"rmsprop", {.kind = OptimizerKind::kRmsprop, .convention = keras, .l2 = 0.125}, keras_rmsprop},
      {"rmsprop centered", {.kind = OptimizerKind::kRmsprop, .convention = keras, .centered = true}, keras_rmsprop},
      {"rmsprop momentum", {.kind = OptimizerKind::kRmsprop, .convention = keras, .momentum = 0.9}, keras_rmsprop},
      {"rmsprop centered momentum",
       {.kind = OptimizerKind::kRmsprop, .convention = keras, .momentum = 0.5, .centered = true},
       keras_rmsprop},
      {"adam",
       {.kind = OptimizerKind::kAdam, .convention = keras, .l2 = 0.125},
       [](C c) { return keras_adam(c, false, false); }},
      {"amsgrad",
       {.kind = OptimizerKind::kAmsgrad, .convention = keras},
       [](C c) { return keras_adam(c, true, false); }},
      {"adamw",
       {.kind = OptimizerKind::kAdamW, .convention = keras, .weight_decay = 0.125},
       [](C c) { return keras_adam(c, false, true); }},
      {"adamw amsgrad",
       {.kind = OptimizerKind::kAdamW, .convention = keras, .amsgrad = true, .weight_decay = 0.125},
       [](C c) { return keras_adam(c, true, true); }},
      {"nadam", {.kind = OptimizerKind::kNadam, .convention = keras, .l2 = 0.125}, keras_nadam},
      {"lion", {.kind = OptimizerKind::kLion, .convention = keras, .weight_decay = 0.125}, lion},
  };
}

constexpr std::size_t kParameters = 5;
/// Gradients that float32 holds exactly: sign changes, a zero step, an outlier, and one parameter whose gradients are
/// so small that the place of epsilon decides.
const std::vector<std::vector<double>> kGradients{
    {0.5, -1.0, 2.0, 0.0009765625, 0.0},      {0.25, 1.5, -0.75, -0.00048828125, 0.0},
    {-1.0, 0.125, 1.0, 0.0009765625, 0.0},    {0.0, 0.0, 0.0, 0.0, 0.0},
    {0.75, -0.5, -0.25, 0.000244140625, 1.0}, {256.0, -512.0, 128.0, 0.0009765625, 0.0},
    {-0.5, 0.25, 0.5, -0.0009765625, 0.0},    {0.375, -0.25, 1.25, 0.0009765625, -0.5},
    {-0.625, 1.0, 0.5, 0.0009765625, 0.25},   {1.5, 0.5, -2.0, 0.0009765625, 0.0}};

/// A linear model whose gradient at step t is kGradients[t] for the weights and 1 for the bias: the absolute error of a
/// target far below any prediction has derivative +1, times the row's features.
class Feeder {
 public:
  Feeder(DeviceKind device, const OptimizerConfig& optimizer, std::vector<double> start, bool decaying) {
    spec_.loss.kind = LossKind::kMae;
    spec_.n_features = static_cast<std::int64_t>(kParameters);
    data_.n_rows = static_cast<std::int64_t>(kGradients.size());
    data_.n_features = spec_.n_features;
    data_.n_targets = 1;
    const auto stride = static_cast<std::size_t>(row_stride(spec_.n_features));
    data_.features.assign(kGradients.size() * stride, 0.0F);
    for (std::size_t t = 0; t < kGradients.size(); ++t) {
      for (std::size_t i = 0; i < kParameters; ++i)
        data_.features[t * stride + i] = static_cast<float>(kGradients[t][i]);
      data_.targets.push_back(-1e30F);
      rates_.push_back(0.0625 / (decaying ? 1.0 + 0.25 * static_cast<double>(t) : 1.0));
    }
    const MemberConfig member{.optimizer = optimizer};
    backend_ = make_backend(device, spec_, data_, {&member, 1}, {.threads = 1});
    layer_ = ParameterLayout(spec_).layers.at(0);
    MemberState state{.parameters = std::vector<double>(static_cast<std::size_t>(ParameterLayout(spec_).n_total), 0.0)};
    for (std::size_t i = 0; i < start.size(); ++i) state.parameters[weight(i)] = start[i];
    backend_->import_state(0, state);
  }

  void step(std::size_t t) {
    const auto row = static_cast<std::uint32_t>(t);
    const StepBlock block{.rows = {&row, 1}, .batch_size = 1, .learning_rates = {&rates_[t], 1}};
    ASSERT_EQ(backend_->run({&block, 1}).at(0).first_non_finite, -1);
  }

  [[nodiscard]] double rate(std::size_t t) const { return rates_[t]; }
  [[nodiscard]] std::size_t weight(std::size_t i) const { return static_cast<std::size_t>(layer_.weight) + i; }
  [[nodiscard]] std::size_t bias() const { return static_cast<std::size_t>(layer_.bias); }
  [[nodiscard]] std::vector<double> parameters() const { return backend_->export_state(0).parameters; }
  [[nodiscard]] std::vector<double> averages() const { return backend_->evaluation_parameters(0); }

 private:
  ModelSpec spec_;
  Dataset data_;
  std::vector<double> rates_;
  std::unique_ptr<Backend> backend_;
  LayerView layer_;
};

const std::vector<double> kStart{0.5, -1.25, 2.0, 0.125, -0.0625};

void expect_trajectory(const Case& c, DeviceKind device, double tolerance, const std::vector<double>& start,
                       bool decaying) {
  SCOPED_TRACE(c.name);
  Feeder feeder(device, c.config, start, decaying);
  OptimizerConfig unpenalised = c.config;  // of the bias
  unpenalised.l1 = unpenalised.l2 = unpenalised.weight_decay = 0.0;
  std::vector<Rule> rules(kParameters, c.rule(c.config));
  Rule bias_rule = c.rule(unpenalised);
  std::vector<double> w = start;
  double bias = 0.0;
  for (std::size_t t = 0; t < kGradients.size(); ++t) {
    feeder.step(t);
    const std::vector<double> found = feeder.parameters();
    for (std::size_t i = 0; i < kParameters; ++i) {
      w[i] = rules[i](w[i], kGradients[t][i], feeder.rate(t));
      EXPECT_TRUE(agrees(found[feeder.weight(i)], w[i], tolerance)) << "step " << t + 1 << ", weight " << i;
    }
    bias = bias_rule(bias, 1.0, feeder.rate(t));
    EXPECT_TRUE(agrees(found[feeder.bias()], bias, tolerance)) << "step " << t + 1 << ", bias";
  }
}

constexpr double kFloat64 = 1e-12;
constexpr double kFloat32 = 5e-6;  // ten steps of a few roundings of 6e-8 each, on values of up to about 30

TEST(KerasConvention, MatchesItsFormulasInFloat64) {
  for (const Case& c : keras_cases()) expect_trajectory(c, DeviceKind::kReference, kFloat64, kStart, true);
}

TEST(KerasConvention, MatchesItsFormulasInFloat32) {
  for (const Case& c : keras_cases()) expect_trajectory(c, DeviceKind::kCpu, kFloat32, kStart, true);
}

TEST(ProximalAdam, MatchesItsFormula) {
  const Case c{"adam l1", {.kind = OptimizerKind::kAdam, .l1 = 0.25}, pytorch_adam_l1};
  expect_trajectory(c, DeviceKind::kReference, kFloat64, kStart, true);
  expect_trajectory(c, DeviceKind::kCpu, kFloat32, kStart, true);
}

TEST(Ftrl, MatchesThePublishedAlgorithm) {
  for (const double l1 : {0.0, 0.75}) {
    const Case c{"ftrl", {.kind = OptimizerKind::kFtrl, .ftrl_beta = 0.5, .l1 = l1, .l2 = 0.125}, ftrl};
    for (const bool decaying : {false, true}) {
      for (const auto& start : {std::vector<double>(kParameters, 0.0), kStart}) {
        expect_trajectory(c, DeviceKind::kReference, kFloat64, start, decaying);
        expect_trajectory(c, DeviceKind::kCpu, kFloat32, start, decaying);
      }
    }
  }
}

TEST(AveragedSgd, PredictsWithTheMeanOfTheIteratesAfterTheStart) {
  for (const std::int64_t first : {1, 4}) {
    for (const auto& [device, tolerance] :
         {std::pair{DeviceKind::kReference, kFloat64}, {DeviceKind::kCpu, kFloat32}}) {
      const OptimizerConfig config{
          .kind = OptimizerKind::kAveragedSgd, .average_start = first, .l1 = 0.25, .l2 = 0.125};
      expect_trajectory({"averaged-sgd", config, plain_sgd}, device, tolerance, kStart, true);
      Feeder feeder(device, config, kStart, true);
      std::vector<std::vector<double>> iterates;
      std::vector<double> w = kStart;
      const Rule rule = plain_sgd(config);
      for (std::size_t t = 0; t < kGradients.size(); ++t) {
        feeder.step(t);
        for (std::size_t i = 0; i < kParameters; ++i) w[i] = rule(w[i], kGradients[t][i], feeder.rate(t));
        if (static_cast<std::int64_t>(t) + 1 >= first) iterates.push_back(w);
        const std::vector<double> found = feeder.averages();
        for (std::size_t i = 0; i < kParameters; ++i) {
          double mean = 0.0;
          for (const auto& iterate : iterates) mean += iterate[i] / static_cast<double>(iterates.size());
          if (iterates.empty()) mean = w[i];
          EXPECT_TRUE(agrees(found[feeder.weight(i)], mean, tolerance)) << "step " << t + 1 << ", weight " << i;
        }
      }
    }
  }
}

TEST(KerasConvention, DiffersFromPytorchWhereItShould) {
  // The comparisons above would not notice a convention that is ignored if both gave the same numbers.
  for (const OptimizerKind kind :
       {OptimizerKind::kMomentum, OptimizerKind::kNesterov, OptimizerKind::kAdagrad, OptimizerKind::kRmsprop,
        OptimizerKind::kAdam, OptimizerKind::kAmsgrad, OptimizerKind::kAdamW, OptimizerKind::kNadam}) {
    std::vector<std::vector<double>> ends;
    for (const Convention convention : {Convention::kPytorch, Convention::kKeras}) {
      Feeder feeder(DeviceKind::kReference, {.kind = kind, .convention = convention}, kStart, true);
      for (std::size_t t = 0; t < kGradients.size(); ++t) feeder.step(t);
      ends.push_back(feeder.parameters());
    }
    EXPECT_GT(std::fabs(ends[0][3] - ends[1][3]), 1e-7) << name_of(kind);
  }
}

}  // namespace
}  // namespace slalom::testing
