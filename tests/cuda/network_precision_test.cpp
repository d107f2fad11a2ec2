// SPDX-License-Identifier: Apache-2.0
// tf32 and bf16 products: as near to the reference as their rounding allows, no nearer, and float32 master weights.
#include <slalom/error.hpp>

#include "cuda/device_test.hpp"
#include "cuda/network_problem.hpp"

namespace slalom::testing {
namespace {

class NetworkPrecision : public DeviceTest {};

NetworkProblem problem(Precision precision, Activation activation, bool batch_norm) {
  NetworkProblem p;
  p.precision = precision;
  p.spec.activation = activation;
  p.spec.batch_norm = batch_norm;
  p.spec.n_features = 17;
  p.spec.hidden = {24, 11};
  p.spec.loss.kind = LossKind::kCrossEntropy;
  p.spec.n_outputs = 4;
  p.n_rows = 96;
  p.batch = 32;
  p.epochs = 4;
  return p;
}

/// Largest difference of the losses from the reference's.
double loss_error(const NetworkProblem& p) {
  const Dataset data = random_data(p.spec, p.n_rows);
  const NetworkRun expected = train_network(p, data, DeviceKind::kReference);
  const NetworkRun actual = train_network(p, data, DeviceKind::kCuda);
  EXPECT_EQ(actual.losses.size(), expected.losses.size());
  double largest = 0.0;
  for (std::size_t s = 0; s < expected.losses.size(); ++s) {
    const double error = std::fabs(actual.losses[s] - expected.losses[s]);
    EXPECT_TRUE(error <= 1.0) << "step " << s << ": " << actual.losses[s];
    largest = std::max(largest, error);
  }
  return largest;
}

// A factor is off by at most u = 2^-11 (tf32: 10 bits of fraction) or 2^-9 (bf16: 7 bits), relative. A layer's
// pre-activations are sums of some 20 products of size 1 / sqrt(20) to 1 with independent errors: off by about
// sqrt(2) u of their size 1; three layers double that, and bf16 rounds the activations once more. The losses
// (about 1.4) move by no more than the logits do, averaged over the 32 rows of a batch. So 4 u bounds them with room;
// and if bfloat16 were not in use, they would agree to 1e-6. Whether cuBLASLt uses tf32 where it may is up to its version:
// not for every odd shape.
TEST_F(NetworkPrecision, LossesAreOffByTheRoundingOfTheFactors) {
  for (const Activation activation : {Activation::kRelu, Activation::kTanh}) {
    for (const bool batch_norm : {false, true}) {
      SCOPED_TRACE(std::string(name_of(activation)) + (batch_norm ? " batch norm" : ""));
      const double tf32 = loss_error(problem(Precision::kTf32, activation, batch_norm));
      EXPECT_LE(tf32, 4.0 / 2048.0);
      const double bf16 = loss_error(problem(Precision::kBf16, activation, batch_norm));
      EXPECT_LE(bf16, 4.0 / 512.0);
      EXPECT_GE(bf16, 1e-5) << "is bf16 in use?";
    }
  }
}

TEST_F(NetworkPrecision, TensorCoresAreUsedWhereShapesAreMadeForThem) {
  // Widths and batches of whole tiles of tensor cores, for which no version of cuBLASLt has a reason to take others.
  NetworkProblem p = problem(Precision::kTf32, Activation::kRelu, false);
  p.spec.n_features = 128;
  p.spec.hidden = {128, 128};
  p.n_rows = 256;
  p.batch = 128;
  p.epochs = 1;
  const double tf32 = loss_error(p);
  EXPECT_LE(tf32, 4.0 / 2048.0);
  EXPECT_GE(tf32, 1e-6) << "is tf32 in use?";
  p.precision = Precision::kFp32;
  EXPECT_LE(loss_error(p), 1e-6);
}

TEST_F(NetworkPrecision, MasterWeightsKeepStepsThatBfloat16WouldLose) {
  NetworkProblem p = problem(Precision::kBf16, Activation::kTanh, false);
  p.optimizer.kind = OptimizerKind::kSgd;
  p.rate = 1e-4;  // a step moves weights of size 0.2 by 1e-5: a hundredth of bfloat16's spacing there
  const Dataset data = random_data(p.spec, p.n_rows);
  const NetworkRun expected = train_network(p, data, DeviceKind::kReference);
  const NetworkRun actual = train_network(p, data, DeviceKind::kCuda);
  const std::vector<double> start = initial_parameters(p.spec, 3, 0);
  double moved = 0.0;
  double error = 0.0;
  for (std::size_t i = 0; i < start.size(); ++i) {
    moved += std::pow(expected.state.parameters[i] - start[i], 2);
    error += std::pow(actual.state.parameters[i] - expected.state.parameters[i], 2);
  }
  EXPECT_GT(moved, 0.0);
  EXPECT_LE(std::sqrt(error), 0.02 * std::sqrt(moved)) << "the way was not the reference's to within 2 %";
}

TEST_F(NetworkPrecision, PredictsInTheSamePrecision) {
  NetworkProblem p = problem(Precision::kBf16, Activation::kRelu, true);
  const Dataset data = random_data(p.spec, p.n_rows);
  const MemberConfig member{.optimizer = p.optimizer};
  std::vector<std::vector<float>> outputs;
  for (const Precision precision : {Precision::kFp32, Precision::kBf16}) {
    const auto backend = make_backend(DeviceKind::kCuda, p.spec, data, {&member, 1}, {.precision = precision});
    backend->import_state(0, {.parameters = initial_parameters(p.spec, 3, 0)});
    outputs.emplace_back(static_cast<std::size_t>(p.n_rows * p.spec.n_outputs));
    backend->predict(0, data.view(), {}, outputs.back());
  }
  double largest = 0.0;
  for (std::size_t i = 0; i < outputs[0].size(); ++i) {
    const double error = std::fabs(static_cast<double>(outputs[1][i]) - static_cast<double>(outputs[0][i]));
    EXPECT_TRUE(error <= 0.05) << i;
    largest = std::max(largest, error);
  }
  EXPECT_GE(largest, 1e-5) << "is bf16 in use?";
}

TEST_F(NetworkPrecision, IsRefusedWhereItHasNoMeaning) {
  NetworkProblem p;
  const Dataset data = random_data(p.spec, 4);
  const MemberConfig member{.optimizer = p.optimizer};
  const auto make = [&](DeviceKind device, const ModelSpec& spec) {
    return make_backend(device, spec, data, {&member, 1}, {.precision = Precision::kBf16});
  };
  EXPECT_THROW(make(DeviceKind::kCpu, p.spec), UsageError);
  EXPECT_THROW(make(DeviceKind::kReference, p.spec), UsageError);
  p.spec.hidden.clear();
  p.spec.kind = ModelKind::kLinear;
  EXPECT_THROW(make(DeviceKind::kCuda, p.spec), UsageError);
}

}  // namespace
}  // namespace slalom::testing
