// SPDX-License-Identifier: Apache-2.0
// Gather, activation, normalisation and copy kernels against the formulas of src/core in float64, over odd shapes.
#include <cmath>

#include "activation.cuh"
#include "batch_gather.cuh"
#include "batch_norm.cuh"
#include "column_sum.cuh"
#include "core/activations.hpp"
#include "core/batch_norm.hpp"
#include "core/dropout.hpp"
#include "cuda/device_test.hpp"
#include "cuda/step_rig.hpp"
#include "member_copy.cuh"
#include "unpad.cuh"

namespace slalom::testing {
namespace {

// An activation is some ten float32 operations on numbers of size 1, each rounding by 6e-8.
constexpr double kTolerance = 1e-6;

class NetworkKernels : public DeviceTest {
 protected:
  cuda::Stream stream_;
  void SetUp() override {
    DeviceTest::SetUp();
    if (!IsSkipped() && !HasFatalFailure()) stream_ = cuda::make_stream();
  }
};

struct Shape {
  std::int64_t rows = 1, units = 1;
};
const Shape kShapes[] = {{1, 1}, {3, 2}, {31, 3}, {65, 5}, {64, 8}, {33, 33}, {7, 130}, {130, 17}, {2, 1030}};

std::string text(Shape s) { return std::to_string(s.rows) + " x " + std::to_string(s.units); }

/// A matrix with row_stride(units) floats a row, padding zero.
std::vector<float> random_matrix(Shape s, std::uint64_t seed) {
  const std::int64_t stride = row_stride(s.units);
  std::vector<float> values = random_floats(s.rows * stride, seed);
  for (std::int64_t i = 0; i < s.rows * stride; ++i) {
    if (i % stride >= s.units) values[static_cast<std::size_t>(i)] = 0.0F;
  }
  return values;
}

/// Calls visit(row, unit, index of the element).
template <class Visitor>
void for_each_element(Shape s, Visitor&& visit) {
  for (std::int64_t i = 0; i < s.rows; ++i) {
    for (std::int64_t j = 0; j < s.units; ++j) visit(i, j, static_cast<std::size_t>(i * row_stride(s.units) + j));
  }
}

/// A member in its 43rd step, the third of a launch.
struct DropoutRig {
  static constexpr float kRate = 0.4F;
  static constexpr core::DropoutKey kKey{.seed = 77, .stream = 5, .layer = 2, .step = 42};
  StepRig rig{{.batch_size = 1, .seed = kKey.seed, .stream = kKey.stream, .first_step = 40}, 4};
  DropoutRig() { rig.start_step(2); }
  [[nodiscard]] cuda::DropoutArguments arguments(bool drops) const {
    return {.control = rig.control(), .rate = drops ? kRate : 0.0F, .layer = kKey.layer};
  }
  static double mask(bool drops, std::int64_t row, std::int64_t unit) {
    if (!drops) return 1.0;
    return core::dropout_keeps(kKey, row, unit, kRate) ? core::dropout_gain<double>(kRate) : 0.0;
  }
};

TEST_F(NetworkKernels, GatherTakesTheBatchOfTheStep) {
  for (const std::int64_t d : {1, 2, 3, 5, 8, 31, 257}) {
    SCOPED_TRACE("d " + std::to_string(d));
    const std::int64_t stride = row_stride(d);
    const std::int64_t batch = 9;
    const std::vector<float> x = random_matrix({40, d}, 1);
    std::vector<std::uint32_t> rows;
    for (std::uint32_t i = 0; i < 30; ++i) rows.push_back(i * 7919 % 40);
    const DeviceArray<float> device_x(x);
    const DeviceArray<std::uint32_t> device_rows(rows);
    const cuda::DeviceFeatures features{.data = device_x.get(), .n_features = d, .stride = stride};
    for_each_number([&]<class T>(cuda::Number number) {
      for (const bool listed : {true, false}) {
        StepRig rig({.data = {.x = features}, .rows = listed ? device_rows.get() : nullptr, .batch_size = batch}, 4);
        rig.start_step(2);
        const DeviceArray<T> out(std::vector<T>(static_cast<std::size_t>(batch * stride)));
        cuda::launch_batch_gather({.control = rig.control(),
                                   .x = {.n_features = d, .stride = stride},
                                   .n_rows = batch,
                                   .out = {out.get(), stride, number}},
                                  stream_.get());
        const std::vector<T> actual = out.to_host();
        for (std::int64_t i = 0; i < batch; ++i) {
          const std::int64_t at = 2 * batch + i;
          const std::int64_t row = listed ? rows[static_cast<std::size_t>(at)] : at;
          for (std::int64_t j = 0; j < stride; ++j) {
            ASSERT_TRUE(is_near(actual[static_cast<std::size_t>(i * stride + j)],
                                x[static_cast<std::size_t>(row * stride + j)], 0.0))
                << "row " << i << ", feature " << j;
          }
        }
      }
    });
  }
}

TEST_F(NetworkKernels, ActivationAddsBiasActivatesAndDrops) {
  const DropoutRig dropout;
  for (const Shape s : kShapes) {
    for (const auto& [activation, name] : EnumNames<Activation>::kNames) {
      for (const bool with_bias : {false, true}) {
        SCOPED_TRACE(text(s) + " " + std::string(name) + (with_bias ? " with bias" : " dropout"));
        const std::vector<float> z = random_matrix(s, 1);
        const std::vector<float> bias = random_floats(s.units, 2);
        const DeviceArray<float> device_bias(bias);
        for_each_number([&, kind = activation]<class T>(cuda::Number number) {
          const DeviceArray<float> device_z(z);
          const DeviceArray<T> out(std::vector<T>(z.size()));
          cuda::launch_activation({.n_rows = s.rows,
                                   .units = s.units,
                                   .z = device_z.get(),
                                   .bias = with_bias ? device_bias.get() : nullptr,
                                   .activation = kind,
                                   .dropout = dropout.arguments(!with_bias),
                                   .out = {out.get(), row_stride(s.units), number}},
                                  stream_.get());
          const std::vector<float> sums = device_z.to_host();
          const std::vector<T> actual = out.to_host();
          for_each_element(s, [&](std::int64_t i, std::int64_t j, std::size_t at) {
            const float sum = with_bias ? z[at] + bias[static_cast<std::size_t>(j)] : z[at];
            ASSERT_EQ(sums[at], sum) << i << " " << j;
            const double expected = core::activate(kind, static_cast<double>(sum)) * DropoutRig::mask(!with_bias, i, j);
            ASSERT_TRUE(is_near(actual[at], expected, kTolerance)) << i << " " << j;
          });
        });
      }
    }
  }
}

TEST_F(NetworkKernels, BiasAloneLeavesTheOutputAlone) {
  const Shape s{5, 3};
  const std::vector<float> z = random_matrix(s, 1);
  const std::vector<float> bias = random_floats(s.units, 2);
  const DeviceArray<float> device_z(z);
  const DeviceArray<float> device_bias(bias);
  cuda::launch_activation(
      {.n_rows = s.rows, .units = s.units, .z = device_z.get(), .bias = device_bias.get(), .bias_only = true},
      stream_.get());
  const std::vector<float> sums = device_z.to_host();
  for_each_element(s, [&](std::int64_t, std::int64_t j, std::size_t at) {
    EXPECT_EQ(sums[at], z[at] + bias[static_cast<std::size_t>(j)]);
  });
}

TEST_F(NetworkKernels, ActivationGradientMultipliesMaskAndDerivative) {
  const DropoutRig dropout;
  for (const Shape s : kShapes) {
    for (const auto& [activation, name] : EnumNames<Activation>::kNames) {
      SCOPED_TRACE(text(s) + " " + std::string(name));
      const std::vector<float> z = random_matrix(s, 1);
      const std::vector<float> upstream = random_matrix(s, 2);
      const DeviceArray<float> device_z(z);
      for_each_number([&, kind = activation]<class T>(cuda::Number number) {
        for (const bool drops : {false, true}) {
          const DeviceArray<float> device_upstream(upstream);
          const DeviceArray<T> out(std::vector<T>(z.size()));
          const bool in_place = number == cuda::Number::kFloat32 && drops;
          cuda::launch_activation_gradient({.n_rows = s.rows,
                                            .units = s.units,
                                            .z = device_z.get(),
                                            .upstream = device_upstream.get(),
                                            .activation = kind,
                                            .dropout = dropout.arguments(drops),
                                            .delta = {in_place ? static_cast<void*>(device_upstream.get()) : out.get(),
                                                      row_stride(s.units), number}},
                                           stream_.get());
          const std::vector<T> stored = out.to_host();
          const std::vector<float> replaced = device_upstream.to_host();
          for_each_element(s, [&](std::int64_t i, std::int64_t j, std::size_t at) {
            const double expected = static_cast<double>(upstream[at]) * DropoutRig::mask(drops, i, j) *
                                    core::activation_derivative(kind, static_cast<double>(z[at]));
            ASSERT_TRUE(in_place ? is_near(replaced[at], expected, kTolerance)
                                 : is_near(stored[at], expected, kTolerance))
                << i << " " << j;
          });
        }
      });
    }
  }
}

TEST_F(NetworkKernels, ColumnSumsAddAllRows) {
  for (const Shape s : kShapes) {
    SCOPED_TRACE(text(s));
    const std::vector<float> values = random_matrix(s, 1);
    const DeviceArray<float> device_values(values);
    const DeviceArray<float> sums(std::vector<float>(static_cast<std::size_t>(s.units)));
    cuda::launch_column_sum({.n_rows = s.rows,
                             .units = s.units,
                             .values = {device_values.get(), row_stride(s.units), cuda::Number::kFloat32},
                             .sums = sums.get()},
                            stream_.get());
    std::vector<double> expected(static_cast<std::size_t>(s.units), 0.0);
    for_each_element(s, [&](std::int64_t, std::int64_t j, std::size_t at) {
      expected[static_cast<std::size_t>(j)] += static_cast<double>(values[at]);
    });
    const std::vector<float> actual = sums.to_host();
    for (std::size_t j = 0; j < expected.size(); ++j) ASSERT_TRUE(is_near(actual[j], expected[j], 1e-7)) << j;
  }
}

/// Batch normalisation of one column in float64, forward and backward, as src/cpu/network_engine.hpp does it.
struct NormColumn {
  double mean = 0.0, squares = 0.0, inverse = 0.0;
  NormColumn(const std::vector<float>& z, Shape s, std::int64_t j) {
    const auto at = [&](std::int64_t i) {
      return static_cast<double>(z[static_cast<std::size_t>(i * row_stride(s.units) + j)]);
    };
    const auto n = static_cast<double>(s.rows);
    for (std::int64_t i = 0; i < s.rows; ++i) mean += at(i) / n;
    for (std::int64_t i = 0; i < s.rows; ++i) squares += (at(i) - mean) * (at(i) - mean);
    inverse = core::batch_inverse_deviation(squares / n);
  }
};

TEST_F(NetworkKernels, BatchNormNormalisesAndLearnsRunningStatistics) {
  const DropoutRig dropout;
  for (const Shape s : kShapes) {
    for (const bool drops : {false, true}) {
      SCOPED_TRACE(text(s) + (drops ? " dropout" : ""));
      const std::vector<float> z = random_matrix(s, 1);
      const std::vector<float> gamma = random_floats(s.units, 2);
      const std::vector<float> beta = random_floats(s.units, 3);
      const std::vector<float> mean = random_floats(s.units, 4);
      const std::vector<float> variance = random_floats(s.units, 5);
      const DeviceArray<float> d_gamma(gamma), d_beta(beta), d_mean(mean), d_variance(variance);
      for_each_number([&]<class T>(cuda::Number number) {
        const DeviceArray<float> d_z(z), inverse(gamma), next_mean(gamma), next_variance(gamma);
        const DeviceArray<T> out(std::vector<T>(z.size()));
        cuda::launch_batch_norm({.n_rows = s.rows,
                                 .units = s.units,
                                 .z = d_z.get(),
                                 .scale = {d_gamma.get(), d_beta.get()},
                                 .inverse_deviation = inverse.get(),
                                 .running_mean = d_mean.get(),
                                 .running_var = d_variance.get(),
                                 .next_running_mean = next_mean.get(),
                                 .next_running_var = next_variance.get(),
                                 .activation = Activation::kTanh,
                                 .dropout = dropout.arguments(drops),
                                 .out = {out.get(), row_stride(s.units), number}},
                                stream_.get());
        const std::vector<float> normalised = d_z.to_host(), actual_mean = next_mean.to_host(),
                                 actual_variance = next_variance.to_host();
        const std::vector<T> actual = out.to_host();
        for_each_element(s, [&](std::int64_t i, std::int64_t j, std::size_t at) {
          const auto unit = static_cast<std::size_t>(j);
          const NormColumn column(z, s, j);
          const double x = (static_cast<double>(z[at]) - column.mean) * column.inverse;
          // The difference is exact to 6e-8 and multiplied by up to 316 where the column is nearly constant.
          ASSERT_TRUE(is_near(normalised[at], x, 1e-7 * column.inverse)) << i << " " << j;
          const double h = std::tanh(core::scale_and_shift<double>(x, gamma[unit], beta[unit]));
          ASSERT_TRUE(is_near(actual[at], h * DropoutRig::mask(drops, i, j), 2e-7 * (5.0 + column.inverse)))
              << i << " " << j;
          if (i > 0) return;
          const bool learns = s.rows > 1;
          const double expected_mean =
              learns ? core::blend_running<double>(mean[unit], column.mean) : static_cast<double>(mean[unit]);
          const double expected_variance =
              learns ? core::blend_running<double>(variance[unit], column.squares / static_cast<double>(s.rows - 1))
                     : static_cast<double>(variance[unit]);
          ASSERT_TRUE(is_near(actual_mean[unit], expected_mean, 1e-7)) << j;
          ASSERT_TRUE(is_near(actual_variance[unit], expected_variance, 1e-7)) << j;
        });
      });
    }
  }
}

TEST_F(NetworkKernels, BatchNormDoesNothingOnceAStepWasNotFinite) {
  DeviceArray<std::int32_t> stopped({0});
  StepRig rig({.batch_size = 1}, 2);
  cuda::StepControl control = rig.read();
  control.task.first_non_finite = stopped.get();
  SLALOM_CHECK(cudaMemcpy(rig.control(), &control, sizeof control, cudaMemcpyHostToDevice));
  const std::vector<float> one(1, 1.0F);
  const DeviceArray<float> z({1.0F, 2.0F}), scale(one), inverse(one), now(one), next({7.0F}), out({0.0F, 0.0F});
  cuda::launch_batch_norm({.n_rows = 2,
                           .units = 1,
                           .z = z.get(),
                           .scale = {scale.get(), scale.get()},
                           .inverse_deviation = inverse.get(),
                           .running_mean = now.get(),
                           .running_var = now.get(),
                           .next_running_mean = next.get(),
                           .next_running_var = next.get(),
                           .dropout = {.control = rig.control()},
                           .out = {out.get(), 1, cuda::Number::kFloat32}},
                          stream_.get());
  EXPECT_EQ(next.to_host()[0], 7.0F);
}

TEST_F(NetworkKernels, BatchNormGradientAgreesWithTheFormula) {
  const DropoutRig dropout;
  for (const Shape s : kShapes) {
    SCOPED_TRACE(text(s));
    const std::vector<float> normalised = random_matrix(s, 1);
    const std::vector<float> upstream = random_matrix(s, 2);
    const std::vector<float> gamma = random_floats(s.units, 3);
    const std::vector<float> beta = random_floats(s.units, 4);
    const std::vector<float> inverse = random_floats(s.units, 5);
    const DeviceArray<float> d_normalised(normalised), d_gamma(gamma), d_beta(beta), d_inverse(inverse);
    for_each_number([&]<class T>(cuda::Number number) {
      const DeviceArray<float> d_upstream(upstream), gamma_gradient(gamma), beta_gradient(gamma);
      const DeviceArray<T> out(std::vector<T>(normalised.size()));
      cuda::launch_batch_norm_gradient({.n_rows = s.rows,
                                        .units = s.units,
                                        .normalised = d_normalised.get(),
                                        .scale = {d_gamma.get(), d_beta.get()},
                                        .inverse_deviation = d_inverse.get(),
                                        .upstream = d_upstream.get(),
                                        .activation = Activation::kSilu,
                                        .dropout = dropout.arguments(true),
                                        .gamma_gradient = gamma_gradient.get(),
                                        .beta_gradient = beta_gradient.get(),
                                        .delta = {out.get(), row_stride(s.units), number}},
                                       stream_.get());
      std::vector<double> d(normalised.size(), 0.0);
      std::vector<double> sums(static_cast<std::size_t>(s.units), 0.0), weighted = sums;
      for_each_element(s, [&](std::int64_t i, std::int64_t j, std::size_t at) {
        const auto unit = static_cast<std::size_t>(j);
        const double z = core::scale_and_shift<double>(normalised[at], gamma[unit], beta[unit]);
        d[at] = static_cast<double>(upstream[at]) * DropoutRig::mask(true, i, j) *
                core::activation_derivative(Activation::kSilu, z);
        sums[unit] += d[at];
        weighted[unit] += d[at] * static_cast<double>(normalised[at]);
      });
      const std::vector<T> actual = out.to_host();
      const std::vector<float> actual_gamma = gamma_gradient.to_host(), actual_beta = beta_gradient.to_host();
      for_each_element(s, [&](std::int64_t i, std::int64_t j, std::size_t at) {
        const auto unit = static_cast<std::size_t>(j);
        const double expected = core::normalise_derivative<double>(d[at], normalised[at],
                                                                   {.share = 1.0 / static_cast<double>(s.rows),
                                                                    .beta_gradient = sums[unit],
                                                                    .gamma_gradient = weighted[unit],
                                                                    .gamma = gamma[unit],
                                                                    .inverse_deviation = inverse[unit]});
        ASSERT_TRUE(is_near(actual[at], expected, kTolerance)) << i << " " << j;
        ASSERT_TRUE(is_near(actual_beta[unit], sums[unit], kTolerance)) << j;
        ASSERT_TRUE(is_near(actual_gamma[unit], weighted[unit], kTolerance)) << j;
      });
    });
  }
}

TEST_F(NetworkKernels, RunningNormUsesRunningStatistics) {
  for (const Shape s : kShapes) {
    SCOPED_TRACE(text(s));
    const std::vector<float> z = random_matrix(s, 1);
    const std::vector<float> gamma = random_floats(s.units, 2);
    const std::vector<float> beta = random_floats(s.units, 3);
    const std::vector<float> mean = random_floats(s.units, 4);
    std::vector<float> variance = random_floats(s.units, 5);
    for (float& v : variance) v = std::fabs(v) + 0.1F;
    const DeviceArray<float> d_z(z), d_gamma(gamma), d_beta(beta), d_mean(mean), d_variance(variance);
    for_each_number([&]<class T>(cuda::Number number) {
      const DeviceArray<T> out(std::vector<T>(z.size()));
      cuda::launch_running_norm({.n_rows = s.rows,
                                 .units = s.units,
                                 .z = d_z.get(),
                                 .scale = {d_gamma.get(), d_beta.get()},
                                 .running_mean = d_mean.get(),
                                 .running_var = d_variance.get(),
                                 .activation = Activation::kGelu,
                                 .out = {out.get(), row_stride(s.units), number}},
                                stream_.get());
      const std::vector<T> actual = out.to_host();
      for_each_element(s, [&](std::int64_t i, std::int64_t j, std::size_t at) {
        const auto unit = static_cast<std::size_t>(j);
        const double inverse = core::running_inverse_deviation<double>(variance[unit]);
        const double expected = core::activate(
            Activation::kGelu, core::normalise_running<double>(z[at], mean[unit], inverse, gamma[unit], beta[unit]));
        ASSERT_TRUE(is_near(actual[at], expected, kTolerance)) << i << " " << j;
      });
    });
  }
}

TEST_F(NetworkKernels, UnpadKeepsOnlyTheUnits) {
  for (const Shape s : kShapes) {
    SCOPED_TRACE(text(s));
    const std::vector<float> from = random_matrix(s, 1);
    const DeviceArray<float> device_from(from);
    const DeviceArray<float> to(std::vector<float>(static_cast<std::size_t>(s.rows * s.units)));
    cuda::launch_unpad({.from = device_from.get(), .n_rows = s.rows, .units = s.units, .to = to.get()}, stream_.get());
    const std::vector<float> actual = to.to_host();
    for_each_element(s, [&](std::int64_t i, std::int64_t j, std::size_t at) {
      ASSERT_EQ(actual[static_cast<std::size_t>(i * s.units + j)], from[at]) << i << " " << j;
    });
  }
}

TEST_F(NetworkKernels, AMemberGoesToFixedMemoryAndTheResultBack) {
  const std::int64_t n_total = 48;
  const std::int64_t n_trainable = 40;
  const std::vector<float> start = random_floats(n_total, 1);
  const std::vector<float> start_state = random_floats(2 * n_trainable, 2);
  const std::vector<float> odd = random_floats(n_total, 3), odd_state = random_floats(2 * n_trainable, 4);
  for (const std::int32_t flag : {-1, 0, 1}) {
    for (const std::int64_t steps : {2, 3}) {
      SCOPED_TRACE("flag " + std::to_string(flag) + " steps " + std::to_string(steps));
      const DeviceArray<float> member(start), state(start_state), even(std::vector<float>(start.size())), d_odd(odd),
          d_odd_state(odd_state);
      const DeviceArray<std::uint16_t> halves(std::vector<std::uint16_t>(static_cast<std::size_t>(n_trainable)));
      const DeviceArray<std::int32_t> d_flag({flag});
      const DeviceArray<cuda::StepControl> control(std::vector<cuda::StepControl>(1));
      const DeviceArray<cuda::MemberTask> task({{.parameters = member.get(),
                                                 .state = state.get(),
                                                 .first_non_finite = d_flag.get(),
                                                 .rule = {.n_slots = 2},
                                                 .first_step = 9}});
      cuda::launch_member_load({.task = task.get(),
                                .control = control.get(),
                                .n_total = n_total,
                                .n_trainable = n_trainable,
                                .parameters = even.get(),
                                .half_parameters = halves.get()},
                               stream_.get());
      EXPECT_EQ(even.to_host(), start);
      EXPECT_EQ(control.to_host()[0].task.first_step, 9);
      EXPECT_EQ(control.to_host()[0].active, 1);
      const std::vector<std::uint16_t> rounded = halves.to_host();
      for (std::size_t i = 0; i < rounded.size(); ++i) EXPECT_TRUE(is_near(rounded[i], start[i], 0.0));
      cuda::launch_member_store({.control = control.get(),
                                 .n_steps = steps,
                                 .n_total = n_total,
                                 .n_trainable = n_trainable,
                                 .parameters = {even.get(), d_odd.get()},
                                 .odd_state = d_odd_state.get()},
                                stream_.get());
      const bool is_odd = (flag >= 0 ? flag : steps) % 2 == 1;
      EXPECT_EQ(member.to_host(), is_odd ? odd : start);
      EXPECT_EQ(state.to_host(), is_odd ? odd_state : start_state);
    }
  }
}

}  // namespace
}  // namespace slalom::testing
