// SPDX-License-Identifier: Apache-2.0
// The settings of a training run as plain values: model, loss, optimiser, schedule.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace slalom {

enum class ModelKind { kLinear, kLogistic, kSoftmax, kMlp };
enum class LossKind { kMse, kMae, kHuber, kQuantile, kBce, kCrossEntropy, kHinge };
enum class Activation { kRelu, kLeakyRelu, kTanh, kSigmoid, kGelu, kSilu };
enum class Initialization { kAuto, kZeros, kUniform, kNormal, kXavierUniform, kXavierNormal, kHeUniform, kHeNormal };
enum class OptimizerKind {
  kSgd,
  kMomentum,
  kNesterov,
  kAdagrad,
  kRmsprop,
  kAdam,
  kAmsgrad,
  kAdamW,
  kNadam,
  kLion,
  kFtrl,
  kAveragedSgd
};
enum class Convention { kPytorch, kKeras };
enum class ScheduleKind {
  kConstant,
  kStep,
  kMultiStep,
  kExponential,
  kInverseScaling,
  kLinear,
  kCosine,
  kOneCycle,
  kPlateau
};
enum class DeviceKind { kAuto, kReference, kCpu, kCuda };
enum class Precision { kFp32, kTf32, kBf16 };

/// The names that the command line, the model file and messages use for an enumeration, in declaration order.
template <class Enum>
struct EnumNames;

template <>
struct EnumNames<ModelKind> {
  static constexpr std::string_view kWhat = "model";
  static constexpr std::array<std::pair<ModelKind, std::string_view>, 4> kNames{{{ModelKind::kLinear, "linear"},
                                                                                 {ModelKind::kLogistic, "logistic"},
                                                                                 {ModelKind::kSoftmax, "softmax"},
                                                                                 {ModelKind::kMlp, "mlp"}}};
};
template <>
struct EnumNames<LossKind> {
  static constexpr std::string_view kWhat = "loss";
  static constexpr std::array<std::pair<LossKind, std::string_view>, 7> kNames{
      {{LossKind::kMse, "mse"},
       {LossKind::kMae, "mae"},
       {LossKind::kHuber, "huber"},
       {LossKind::kQuantile, "quantile"},
       {LossKind::kBce, "bce"},
       {LossKind::kCrossEntropy, "cross-entropy"},
       {LossKind::kHinge, "hinge"}}};
};
template <>
struct EnumNames<Activation> {
  static constexpr std::string_view kWhat = "activation";
  static constexpr std::array<std::pair<Activation, std::string_view>, 6> kNames{
      {{Activation::kRelu, "relu"},
       {Activation::kLeakyRelu, "leaky-relu"},
       {Activation::kTanh, "tanh"},
       {Activation::kSigmoid, "sigmoid"},
       {Activation::kGelu, "gelu"},
       {Activation::kSilu, "silu"}}};
};
template <>
struct EnumNames<Initialization> {
  static constexpr std::string_view kWhat = "initialization";
  static constexpr std::array<std::pair<Initialization, std::string_view>, 8> kNames{
      {{Initialization::kAuto, "auto"},
       {Initialization::kZeros, "zeros"},
       {Initialization::kUniform, "uniform"},
       {Initialization::kNormal, "normal"},
       {Initialization::kXavierUniform, "xavier-uniform"},
       {Initialization::kXavierNormal, "xavier-normal"},
       {Initialization::kHeUniform, "he-uniform"},
       {Initialization::kHeNormal, "he-normal"}}};
};
template <>
struct EnumNames<OptimizerKind> {
  static constexpr std::string_view kWhat = "optimizer";
  static constexpr std::array<std::pair<OptimizerKind, std::string_view>, 12> kNames{
      {{OptimizerKind::kSgd, "sgd"},
       {OptimizerKind::kMomentum, "momentum"},
       {OptimizerKind::kNesterov, "nesterov"},
       {OptimizerKind::kAdagrad, "adagrad"},
       {OptimizerKind::kRmsprop, "rmsprop"},
       {OptimizerKind::kAdam, "adam"},
       {OptimizerKind::kAmsgrad, "amsgrad"},
       {OptimizerKind::kAdamW, "adamw"},
       {OptimizerKind::kNadam, "nadam"},
       {OptimizerKind::kLion, "lion"},
       {OptimizerKind::kFtrl, "ftrl"},
       {OptimizerKind::kAveragedSgd, "averaged-sgd"}}};
};
template <>
struct EnumNames<Convention> {
  static constexpr std::string_view kWhat = "convention";
  static constexpr std::array<std::pair<Convention, std::string_view>, 2> kNames{
      {{Convention::kPytorch, "pytorch"}, {Convention::kKeras, "keras"}}};
};
template <>
struct EnumNames<ScheduleKind> {
  static constexpr std::string_view kWhat = "schedule";
  static constexpr std::array<std::pair<ScheduleKind, std::string_view>, 9> kNames{
      {{ScheduleKind::kConstant, "constant"},
       {ScheduleKind::kStep, "step"},
       {ScheduleKind::kMultiStep, "multi-step"},
       {ScheduleKind::kExponential, "exponential"},
       {ScheduleKind::kInverseScaling, "inverse-scaling"},
       {ScheduleKind::kLinear, "linear"},
       {ScheduleKind::kCosine, "cosine"},
       {ScheduleKind::kOneCycle, "one-cycle"},
       {ScheduleKind::kPlateau, "plateau"}}};
};
template <>
struct EnumNames<DeviceKind> {
  static constexpr std::string_view kWhat = "device";
  static constexpr std::array<std::pair<DeviceKind, std::string_view>, 4> kNames{{{DeviceKind::kAuto, "auto"},
                                                                                  {DeviceKind::kReference, "reference"},
                                                                                  {DeviceKind::kCpu, "cpu"},
                                                                                  {DeviceKind::kCuda, "cuda"}}};
};

template <>
struct EnumNames<Precision> {
  static constexpr std::string_view kWhat = "precision";
  static constexpr std::array<std::pair<Precision, std::string_view>, 3> kNames{
      {{Precision::kFp32, "fp32"}, {Precision::kTf32, "tf32"}, {Precision::kBf16, "bf16"}}};
};

/// The name of an enumerator, as the command line spells it.
template <class Enum>
[[nodiscard]] constexpr std::string_view name_of(Enum value) noexcept {
  for (const auto& [candidate, name] : EnumNames<Enum>::kNames) {
    if (candidate == value) return name;
  }
  return "?";
}

/// The enumerator called `name`, or nullopt.
template <class Enum>
[[nodiscard]] constexpr std::optional<Enum> find_by_name(std::string_view name) noexcept {
  for (const auto& [value, candidate] : EnumNames<Enum>::kNames) {
    if (candidate == name) return value;
  }
  return std::nullopt;
}

/// A loss and its constants. For regression the constants are in the units in which the loss is computed, that is after
/// target standardisation; `Preprocessing` converts a user's huber delta (in target units) to them.
struct LossSpec {
  LossKind kind = LossKind::kMse;
  double huber_delta = 1.0;  ///< > 0: where the Huber loss turns from quadratic to linear
  double quantile = 0.5;     ///< in (0, 1): the quantile that the pinball loss estimates
};

/// What is trained: the shape, the loss, and how parameters start. Input and output sizes come from the data.
struct ModelSpec {
  ModelKind kind = ModelKind::kLinear;
  std::int64_t n_features = 0;       ///< inputs, after preprocessing
  std::int64_t n_outputs = 1;        ///< targets (regression), 1 (logistic), classes (softmax)
  std::vector<std::int64_t> hidden;  ///< widths of the hidden layers; empty for linear, logistic, softmax
  Activation activation = Activation::kRelu;
  bool batch_norm = false;  ///< batch normalisation before every hidden activation (Ioffe & Szegedy 2015)
  double dropout = 0.0;     ///< in [0, 1): probability of dropping a hidden unit in training (inverted dropout)
  LossSpec loss;
  Initialization initialization = Initialization::kAuto;
  double init_scale = 0.0;  ///< kUniform: half-width, kNormal: standard deviation; 0: 0.05

  /// True for everything without hidden layers.
  [[nodiscard]] bool is_linear() const noexcept { return hidden.empty(); }
  /// True if targets are class labels: bce, cross-entropy, hinge.
  [[nodiscard]] bool is_classifier() const noexcept {
    return loss.kind == LossKind::kBce || loss.kind == LossKind::kCrossEntropy || loss.kind == LossKind::kHinge;
  }
};

/// An optimiser with its constants; unset ones take the optimiser's and the convention's default (`resolve_rule` in
/// core/rules.hpp).
struct OptimizerConfig {
  OptimizerKind kind = OptimizerKind::kAdam;
  Convention convention = Convention::kPytorch;
  double learning_rate = 1e-3;                ///< > 0, before the schedule
  std::optional<double> momentum;             ///< [0, 1): momentum, nesterov (0.9); rmsprop (0)
  double dampening = 0.0;                     ///< [0, 1): momentum only, PyTorch's 1 - factor of the new gradient
  std::optional<double> beta1;                ///< [0, 1): adam family and lion (0.9)
  std::optional<double> beta2;                ///< [0, 1): adam family (0.999), lion (0.99)
  std::optional<double> rho;                  ///< [0, 1): rmsprop smoothing (pytorch 0.99, keras 0.9)
  std::optional<double> epsilon;              ///< > 0: pytorch 1e-8 (adagrad 1e-10), keras 1e-7
  bool centered = false;                      ///< rmsprop: subtract the squared mean gradient
  bool amsgrad = false;                       ///< adamw with AMSGrad's maximum
  double learning_rate_decay = 0.0;           ///< adagrad: eta_t = eta / (1 + (t - 1) decay)
  std::optional<double> initial_accumulator;  ///< adagrad: pytorch 0, keras 0.1
  double momentum_decay = 4e-3;               ///< nadam psi (keras convention: 1)
  double ftrl_beta = 1.0;                     ///< ftrl: beta
  std::int64_t average_start = 1;             ///< averaged-sgd: first step (from 1) whose iterate enters the mean
  double weight_decay = 0.0;                  ///< adamw, lion: decoupled; others: added to the gradient like l2
  double l1 = 0.0;                            ///< weight of |w|_1, by proximal steps; weights only
  double l2 = 0.0;                            ///< weight of |w|^2 / 2, added to the gradient; weights only
  double clip_norm = 0.0;                     ///< > 0: scale the whole gradient to at most this norm
  double clip_value = 0.0;                    ///< > 0: clamp each gradient element to [-clip_value, clip_value]
};

/// A learning-rate schedule. Positions are in optimiser steps counted from 0; the trainer converts epochs to steps.
struct ScheduleConfig {
  ScheduleKind kind = ScheduleKind::kConstant;
  std::int64_t warmup_steps = 0;  ///< linear warm-up lr (t+1)/W before any schedule; the schedule starts after it
  std::int64_t every = 0;         ///< step: steps between drops; 0: 30 % of the run
  std::vector<std::int64_t> milestones;  ///< multi-step: steps at which the rate drops, ascending
  double factor = 0.1;  ///< step, multi-step, plateau: multiplier of a drop; exponential: multiplier of an epoch
  double power = 0.5;   ///< inverse-scaling: lr / (t+1)^power
  double min_learning_rate = 0.0;      ///< cosine, plateau: lowest rate
  double end_factor = 0.0;             ///< linear: last rate = end_factor * lr
  double pct_start = 0.3;              ///< one-cycle: fraction of the run with rising rate; --lr is the highest rate
  double div_factor = 25.0;            ///< one-cycle: first rate = lr / div_factor
  double final_div_factor = 1e4;       ///< one-cycle: last rate = first rate / final_div_factor
  std::int64_t plateau_patience = 10;  ///< plateau: epochs without improvement before a drop
  double plateau_threshold = 1e-4;     ///< plateau: relative improvement that counts
  std::int64_t plateau_cooldown = 0;   ///< plateau: epochs to wait after a drop
};

/// Checks ranges and combinations; throws UsageError that names the flag, the value found and the range expected.
void validate(const ModelSpec& spec);
void validate(const OptimizerConfig& optimizer);
void validate(const ScheduleConfig& schedule);

}  // namespace slalom
