// SPDX-License-Identifier: Apache-2.0
// Linear models of every kind, backends that train them with a kernel of the test's choice, and the comparison with the
// reference.
#pragma once

#include <cmath>
#include <optional>
#include <string>

#include <gtest/gtest.h>

#include "cpu/random_problem.hpp"
#include "cuda/cuda_backend.hpp"
#include "cuda/linear_engine.hpp"

namespace slalom::testing {

/// A model without hidden layers for a loss.
inline ModelSpec linear_spec(LossKind loss, std::int64_t d, std::int64_t outputs) {
  ModelSpec spec;
  spec.loss = {.kind = loss, .huber_delta = 0.7, .quantile = 0.8};
  spec.n_features = d;
  spec.n_outputs = outputs;
  spec.kind = loss == LossKind::kCrossEntropy                      ? ModelKind::kSoftmax
              : loss == LossKind::kBce || loss == LossKind::kHinge ? ModelKind::kLogistic
                                                                   : ModelKind::kLinear;
  return spec;
}

/// A kernel, chosen by telling the rule something else about the device. Grids are small: a test machine may execute
/// blocks one after another.
struct Kernel {
  const char* name;
  int multiprocessors;
  std::int64_t exchange_ns;
  bool rows_in_registers;
  int exchanges = 0;
  std::int64_t shared_bytes = 0;  ///< 0: what the device has
};
inline constexpr Kernel kBlockKernel{"block", 1, 0, true};
inline constexpr Kernel kGridKernel{"grid", 3, 0, true, 1};
inline constexpr Kernel kSharingGridKernel{"sharing grid", 3, 0, true, 2};
inline constexpr Kernel kTilesKernel{"tiles", 4, 0, false};
inline constexpr Kernel kKernels[] = {kBlockKernel, kGridKernel, kSharingGridKernel, kTilesKernel};

inline cuda::DeviceLimits limits_of(const Kernel& kernel, const cuda::DeviceInfo& device) {
  return {.multiprocessors = kernel.multiprocessors,
          .shared_bytes = kernel.shared_bytes > 0 ? kernel.shared_bytes : device.shared_bytes_per_block,
          .exchange_ns = kernel.exchange_ns,
          .exchanges = kernel.exchanges,
          .rows_in_registers = kernel.rows_in_registers};
}

/// Members start at initial_parameters of their seed and stream.
inline std::unique_ptr<Backend> linear_backend(const Kernel& kernel, const ModelSpec& spec, const Dataset& data,
                                               std::span<const MemberConfig> members,
                                               std::unique_ptr<cuda::DeviceEngine> engine = nullptr) {
  const cuda::DeviceInfo device = cuda::usable_device();
  if (!engine) {
    engine = std::make_unique<cuda::LinearEngine>(spec, limits_of(kernel, device),
                                                  static_cast<std::int64_t>(members.size()));
  }
  auto backend = std::make_unique<cuda::CudaBackend>(device, spec, data, members, BackendOptions{}, std::move(engine));
  for (std::int64_t m = 0; m < backend->n_members(); ++m) {
    const auto& member = members[static_cast<std::size_t>(m)];
    backend->import_state(m, {.parameters = initial_parameters(spec, member.seed, member.stream)});
  }
  return backend;
}

inline std::unique_ptr<Backend> linear_backend(const Kernel& kernel, const ModelSpec& spec, const Dataset& data,
                                               const OptimizerConfig& optimizer,
                                               std::unique_ptr<cuda::DeviceEngine> engine = nullptr) {
  const MemberConfig member{.optimizer = optimizer, .seed = 3, .stream = 0};
  return linear_backend(kernel, spec, data, {&member, 1}, std::move(engine));
}

/// Float32 sums of up to d and batch terms of size about 1 against float64 ones; 1e-4 leaves room for the growth of
/// that difference over the steps. False for NaN.
inline bool is_near(double actual, double expected) {
  return std::fabs(actual - expected) <= 1e-4 * (0.1 + std::fabs(expected));
}

/// What is trained and how.
struct LinearCase {
  ModelSpec spec;
  OptimizerConfig optimizer{.kind = OptimizerKind::kMomentum};
  std::int64_t n = 50, batch = 8, epochs = 2;
  double rate = 0.001;
  bool weighted = true;
};

inline std::string describe(const Kernel& kernel, const LinearCase& c) {
  return std::string(kernel.name) + " " + std::string(name_of(c.spec.loss.kind)) + " d " +
         std::to_string(c.spec.n_features) + " outputs " + std::to_string(c.spec.n_outputs) + " n " +
         std::to_string(c.n) + " batch " + std::to_string(c.batch) + " " + std::string(name_of(c.optimizer.kind)) +
         " " + std::string(name_of(c.optimizer.convention)) + (c.weighted ? " weighted" : "");
}

/// The first difference between what `backend` and the reference do with a case; empty: none.
inline std::string difference_from_reference(Backend& backend, const Dataset& data, const LinearCase& c) {
  const auto reference = started_backend(DeviceKind::kReference, c.spec, data, c.optimizer);
  const auto expected = run_steps(*reference, 0, data, c.batch, c.rate, c.epochs);
  const auto actual = run_steps(backend, 0, data, c.batch, c.rate, c.epochs);
  const auto compare = [](const char* what, const std::vector<double>& a, const std::vector<double>& e) -> std::string {
    if (a.size() != e.size()) return std::to_string(a.size()) + " values instead of " + std::to_string(e.size());
    for (std::size_t i = 0; i < e.size(); ++i) {
      if (is_near(a[i], e[i])) continue;
      return std::string(what) + " " + std::to_string(i) + ": " + std::to_string(a[i]) + " instead of " +
             std::to_string(e[i]);
    }
    return "";
  };
  const std::string difference = compare("loss of step", actual, expected);
  if (!difference.empty()) return difference;
  return compare("parameter", backend.export_state(0).parameters, reference->export_state(0).parameters);
}

inline void expect_follows_reference(const Kernel& kernel, const LinearCase& c) {
  const Dataset data = random_data(c.spec, c.n, c.weighted);
  const auto backend = linear_backend(kernel, c.spec, data, c.optimizer);
  ASSERT_EQ(difference_from_reference(*backend, data, c), "") << describe(kernel, c);
}

}  // namespace slalom::testing
