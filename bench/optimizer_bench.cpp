// SPDX-License-Identifier: Apache-2.0
// The optimiser's update in one pass over all parameters, against the same update as a library of array operations makes
// it: one pass an operation.
#include <cmath>
#include <string>
#include <vector>

#include "core/rules.hpp"
#include "core/stopwatch.hpp"
#include "cpu/instruction_set.hpp"
#include "suite.hpp"

#if defined(__x86_64__)
#define SLALOM_BENCH_CLONES [[gnu::target_clones("avx512f", "avx2", "default")]]
#else
#define SLALOM_BENCH_CLONES
#endif

namespace slalom::bench {
namespace {

using Constants = core::StepConstants<float>;

/// Parameters, gradient and two slots of `n` values each, n a multiple of 8.
struct Arena {
  explicit Arena(std::int64_t n)
      : parameters(static_cast<std::size_t>(n)), gradient(parameters), state(2 * parameters.size()) {
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      parameters[i] = std::sin(static_cast<float>(i));
      gradient[i] = 0.1F * std::cos(static_cast<float>(i));
    }
    scratch = parameters;
  }
  [[nodiscard]] std::int64_t size() const noexcept { return static_cast<std::int64_t>(parameters.size()); }
  AlignedFloats parameters, gradient, state, scratch;
};

// Array operations, each compiled for the machine's vectors.
SLALOM_BENCH_CLONES void scale(float* __restrict x, float by, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) x[i] *= by;
}
SLALOM_BENCH_CLONES void add_scaled(float* __restrict x, const float* __restrict y, float by, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) x[i] += by * y[i];
}
SLALOM_BENCH_CLONES void add_scaled_squares(float* __restrict x, const float* __restrict y, float by, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) x[i] += by * y[i] * y[i];
}
SLALOM_BENCH_CLONES void square_roots(float* __restrict x, const float* __restrict y, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) x[i] = std::sqrt(y[i]);
}
SLALOM_BENCH_CLONES void add_constant(float* __restrict x, float y, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) x[i] += y;
}
SLALOM_BENCH_CLONES void add_scaled_quotients(float* __restrict x, const float* __restrict y, const float* __restrict z,
                                              float by, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) x[i] += by * y[i] / z[i];
}

void separate_momentum(Arena& a, const Constants& c) {
  const std::int64_t n = a.size();
  scale(a.state.data(), c.momentum, n);
  add_scaled(a.state.data(), a.gradient.data(), c.gradient_gain, n);
  add_scaled(a.parameters.data(), a.state.data(), -c.learning_rate, n);
}

void separate_adam(Arena& a, const Constants& c) {
  const std::int64_t n = a.size();
  float* second = a.state.data() + n;
  scale(a.state.data(), c.beta1, n);
  add_scaled(a.state.data(), a.gradient.data(), c.beta1_rest, n);
  scale(second, c.beta2, n);
  add_scaled_squares(second, a.gradient.data(), c.beta2_rest, n);
  square_roots(a.scratch.data(), second, n);
  scale(a.scratch.data(), std::sqrt(c.second_gain), n);
  add_constant(a.scratch.data(), c.epsilon, n);
  add_scaled_quotients(a.parameters.data(), a.state.data(), a.scratch.data(), -c.learning_rate * c.first_gain, n);
}

/// Applies steps to an arena: all of them one way.
class Updater {
 public:
  Updater(OptimizerKind kind, bool fused, std::int64_t n)
      : settings_(core::resolve_rule({.kind = kind})), clock_(settings_), fused_(fused), arena_(n) {
    problem_.width = problem_.n_features = problem_.n_weights = problem_.n_all = n;
    problem_.n_outputs = 1;
    update_ = cpu::chosen_instruction_set().linear->update(settings_.rule, core::flags_of(settings_));
  }

  void step() {
    const auto constants = core::round_to<float>(clock_.advance(kRate));
    if (fused_) {
      update_(problem_, {.parameters = arena_.parameters.data(),
                         .gradient = arena_.gradient.data(),
                         .state = arena_.state.data(),
                         .n_slots = settings_.n_slots,
                         .constants = &constants});
    } else if (settings_.rule == core::Rule::kAdam) {
      separate_adam(arena_, constants);
    } else {
      separate_momentum(arena_, constants);
    }
  }

  /// Runs a few steps from fresh state. Returns the largest difference of a parameter from the rule's in float64.
  double error_after_steps() {
    constexpr std::size_t kStride = 97;  // every 97th value: they do not touch each other
    constexpr int kSteps = 10;
    std::vector<double> expected;
    for (std::size_t i = 0; i < arena_.parameters.size(); i += kStride) {
      core::StepClock clock(settings_);
      auto w = static_cast<double>(arena_.parameters[i]);
      double slots[core::kMaxSlots] = {};
      for (int t = 0; t < kSteps; ++t) {
        const core::StepConstants<double> constants = clock.advance(kRate);
        core::with_rule(settings_.rule, [&]<core::Rule kRule>() {
          w = core::update<kRule>(w, static_cast<double>(arena_.gradient[i]), slots, constants,
                                  core::flags_of(settings_));
        });
      }
      expected.push_back(w);
    }
    for (int t = 0; t < kSteps; ++t) step();
    double largest = 0.0;
    for (std::size_t k = 0; k < expected.size(); ++k) {
      const double error = std::fabs(expected[k] - static_cast<double>(arena_.parameters[k * kStride]));
      if (!(error <= largest)) largest = error;  // not a number stays
    }
    return largest;
  }

  [[nodiscard]] int n_slots() const noexcept { return settings_.n_slots; }

 private:
  static constexpr double kRate = 1e-2;

  core::RuleSettings settings_;
  core::StepClock clock_;
  bool fused_;
  Arena arena_;
  cpu::LinearProblem problem_;
  cpu::UpdatePass update_ = nullptr;
};

/// Ten steps of at most 0.01 on values of at most 1: float32 roundings add up to less than this.
constexpr double kTolerance = 1e-5;

void time_update(benchmark::State& state, Suite& suite, OptimizerKind kind, bool fused, std::int64_t n) {
  Updater updater(kind, fused, n);
  if (const double error = updater.error_after_steps(); !(error <= kTolerance)) {
    suite.fail(state, "a parameter differs from the rule in float64 by " + std::to_string(error));
    return;
  }
  const core::Clock::time_point start = core::Clock::now();
  for (auto _ : state) updater.step();
  const double seconds = core::seconds_since(start);
  const auto parameters = static_cast<double>(n);
  const auto slots = static_cast<double>(updater.n_slots());
  const std::int64_t arrays = 2 + updater.n_slots();  // parameters, gradient, slots
  count_rate(state, "parameters/s", parameters);
  count_rate(state, "bytes/s", 4.0 * (3.0 + 2.0 * slots) * parameters);  // all but the gradient is written too
  const Speed speed = suite.machine().speed(DeviceKind::kCpu, 4 * n * arrays, 1);
  count_roofline(state, speed.floor_seconds({.bytes = 4.0 * static_cast<double>(arrays * n)}), seconds);  // read once
}

}  // namespace

void register_optimizers(Suite& suite) {
  for (const OptimizerKind kind : {OptimizerKind::kMomentum, OptimizerKind::kAdam}) {
    for (const std::int64_t n : {1024, 65536, 2097152}) {
      for (const bool fused : {true, false}) {
        const std::string name = std::string(name_of(kind)) + "/cpu/n:" + std::to_string(n);
        suite.add("Optimizer/" + name + (fused ? "/fused" : "/separate"), benchmark::kMicrosecond,
                  [&suite, kind, n, fused](benchmark::State& state) { time_update(state, suite, kind, fused, n); });
      }
    }
  }
}

}  // namespace slalom::bench
