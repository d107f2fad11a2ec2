// SPDX-License-Identifier: Apache-2.0
// What a step is made of: kernels in a graph, launches in a run, with and without fused epilogues.
#include "cuda/device_dataset.hpp"
#include "cuda/device_test.hpp"
#include "cuda/network_engine.hpp"
#include "cuda/network_problem.hpp"

namespace slalom::testing {
namespace {

/// A network engine with one member's task, without a backend around it.
class EngineRig {
 public:
  EngineRig(const NetworkProblem& p, const Dataset& data, bool fused_epilogues, std::int64_t n_rows)
      : stream_(cuda::make_stream()),
        layout_(p.spec),
        data_(data, stream_.get()),
        settings_(core::resolve_rule(p.optimizer)),
        engine_(p.spec, {.precision = p.precision, .max_slots = 3, .fused_epilogues = fused_epilogues}) {
    const std::int64_t steps = (n_rows + p.batch - 1) / p.batch;
    const std::vector<double> start = initial_parameters(p.spec, 3, 0);
    parameters_.emplace(std::vector<float>(start.begin(), start.end()));
    state_.emplace(std::vector<float>(static_cast<std::size_t>(settings_.n_slots * layout_.n_trainable), 0.0F));
    core::StepClock clock(settings_);
    std::vector<core::StepConstants<float>> constants;
    for (std::int64_t s = 0; s < steps; ++s) constants.push_back(core::round_to<float>(clock.advance(p.rate)));
    constants_.emplace(constants);
    losses_.emplace(std::vector<double>(constants.size()));
    flag_.emplace(std::vector<std::int32_t>{-1});
    std::vector<cuda::MemberTask> tasks{{.data = data_.view(),
                                         .n_rows = n_rows,
                                         .batch_size = p.batch,
                                         .parameters = parameters_->get(),
                                         .state = state_->get(),
                                         .constants = constants_->get(),
                                         .losses = losses_->get(),
                                         .first_non_finite = flag_->get(),
                                         .rule = {.rule = settings_.rule,
                                                  .flags = core::flags_of(settings_),
                                                  .n_slots = settings_.n_slots,
                                                  .clip_value = static_cast<float>(settings_.clip_value),
                                                  .clip_norm = settings_.clip_norm},
                                         .seed = 3}};
    const DeviceArray<cuda::MemberTask> device_tasks(tasks);
    engine_.prepare(tasks);
    SLALOM_CHECK(cudaStreamSynchronize(stream_.get()));
    engine_.run(tasks, device_tasks.get(), stream_.get());
    SLALOM_CHECK(cudaStreamSynchronize(stream_.get()));
  }
  [[nodiscard]] const cuda::NetworkEngine& engine() const { return engine_; }
  [[nodiscard]] std::vector<double> losses() const { return losses_->to_host(); }
  [[nodiscard]] std::vector<double> parameters() const {
    const std::vector<float> values = parameters_->to_host();
    return {values.begin(), values.end()};
  }

 private:
  cuda::Stream stream_;
  ParameterLayout layout_;
  cuda::DeviceDataset data_;
  core::RuleSettings settings_;
  cuda::NetworkEngine engine_;
  std::optional<DeviceArray<float>> parameters_, state_;
  std::optional<DeviceArray<core::StepConstants<float>>> constants_;
  std::optional<DeviceArray<double>> losses_;
  std::optional<DeviceArray<std::int32_t>> flag_;
};

class NetworkGraphs : public DeviceTest {};

/// Kernels a step, the same in all graphs.
std::int64_t kernels_per_step(const cuda::NetworkEngine& engine) {
  std::int64_t kernels = -1;
  for (const auto& [key, graph] : engine.graphs()) {
    EXPECT_EQ(graph.kernel_nodes() % key.steps, 0);
    const std::int64_t here = graph.kernel_nodes() / key.steps;
    EXPECT_TRUE(kernels == -1 || kernels == here) << here << " and " << kernels;
    kernels = here;
  }
  return kernels;
}

TEST_F(NetworkGraphs, AReluNetworkOfLLayersTakesThreeLPlusTwoKernelsAStep) {
  for (const std::vector<std::int64_t>& hidden : std::vector<std::vector<std::int64_t>>{{8}, {9, 5}, {16, 7, 3}}) {
    for (const Precision precision : {Precision::kFp32, Precision::kTf32, Precision::kBf16}) {
      NetworkProblem p;
      p.spec.hidden = hidden;
      p.precision = precision;
      const Dataset data = random_data(p.spec, 50);
      const EngineRig rig(p, data, true, 50);
      const auto layers = static_cast<std::int64_t>(hidden.size()) + 1;
      EXPECT_EQ(kernels_per_step(rig.engine()), 3 * layers + 2)
          << name_of(precision) << "; more: does cuBLASLt take several kernels for a product?";
    }
  }
}

TEST_F(NetworkGraphs, OtherKernelsArePaidForWhereTheyAreNeeded) {
  const auto kernels = [](const NetworkProblem& p, bool fused) {
    const Dataset data = random_data(p.spec, 50);
    const EngineRig rig(p, data, fused, 50);
    return kernels_per_step(rig.engine());
  };
  NetworkProblem p;  // 3 layers: 11 kernels
  p.optimizer.clip_norm = 1.0;
  EXPECT_EQ(kernels(p, true), 12) << "the norm";
  p.optimizer.clip_norm = 0.0;
  p.spec.activation = Activation::kTanh;
  EXPECT_EQ(kernels(p, true), 15) << "an activation each way for both hidden layers";
  p.spec.batch_norm = true;
  EXPECT_EQ(kernels(p, true), 15) << "normalisation does the activation, too";
  p.spec.batch_norm = false;
  EXPECT_EQ(kernels(p, false), 19) << "nothing fused: the last bias and three bias gradients more";
}

TEST_F(NetworkGraphs, ALaunchRunsSixtyFourSteps) {
  NetworkProblem p;
  p.batch = 2;
  const Dataset data = random_data(p.spec, 203);
  const auto launches = [&](std::int64_t n_rows) {
    const EngineRig rig(p, data, true, n_rows);
    EXPECT_EQ(rig.losses().size(), static_cast<std::size_t>((n_rows + 1) / 2));
    return rig.engine().graph_launches();
  };
  EXPECT_EQ(launches(1), 1);
  EXPECT_EQ(launches(64), 1);
  EXPECT_EQ(launches(128), 1);
  EXPECT_EQ(launches(203), 4 + 1) << "101 = 64 + 32 + 4 + 1 whole batches and a row";
}

TEST_F(NetworkGraphs, WithoutFusedEpiloguesTheNumbersAreTheSame) {
  for (const Activation activation : {Activation::kRelu, Activation::kSilu}) {
    for (const bool batch_norm : {false, true}) {
      NetworkProblem p;
      p.spec.activation = activation;
      p.spec.batch_norm = batch_norm;
      p.batch = 10;
      const Dataset data = random_data(p.spec, 50);
      const EngineRig fused(p, data, true, 50);
      const EngineRig plain(p, data, false, 50);
      EXPECT_GE(kernels_per_step(plain.engine()), kernels_per_step(fused.engine()));
      // The same sums, of float32 rounded numbers in another order.
      expect_close(plain.losses(), fused.losses(), 2e-6, "loss of step");
      expect_close(plain.parameters(), fused.parameters(), 2e-6, "parameter");
    }
  }
}

}  // namespace
}  // namespace slalom::testing
