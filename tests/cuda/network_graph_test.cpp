// SPDX-License-Identifier: Apache-2.0
// What a step is made of: kernels in a graph, launches in a run, with and without fused epilogues.
#include "cuda/device_dataset.hpp"
#include "cuda/device_test.hpp"
#include "cuda/network_engine.hpp"
#include "cuda/network_plans.hpp"
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

/// The products of a step of `rows` rows, planned as the engine does. How many kernels cuBLASLt takes for one, and which
/// epilogues it has, is up to its version and the device.
class StepProducts {
 public:
  StepProducts(const NetworkProblem& p, std::int64_t rows, bool fused_epilogues)
      : blas_(cuda::make_blas_lt()),
        shape_(p.spec, {.precision = p.precision, .fused_epilogues = fused_epilogues}),
        plans_(cuda::training_plans(blas_.get(), shape_, rows)),
        clips_norm_(p.optimizer.clip_norm > 0.0) {}

  [[nodiscard]] std::int64_t count() const { return 3 * std::ssize(plans_) - 1; }
  /// Of all of them; recorded, not run.
  [[nodiscard]] std::int64_t kernels() const {
    const cuda::Stream stream = cuda::make_stream();
    cuda::ArenaLayout layout;
    const auto place = layout.add<float>(1 << 16);
    const auto workspace = layout.add<char>(cuda::kBlasWorkspaceBytes);
    const cuda::Arena memory(layout, cuda::MemoryKind::kDevice);
    float* const any = memory.pointer(place);
    const cuda::MatmulOperands operands{.a = any, .b = any, .d = any, .bias = any, .mask = any};
    const cuda::BlasContext blas{.handle = blas_.get(), .workspace = memory.pointer(workspace), .stream = stream.get()};
    return cuda::RecordedGraph(stream.get(),
                               [&] {
                                 for (const cuda::LayerPlans& plan : plans_) {
                                   plan.forward.product.run(operands, blas);
                                   plan.weight_gradient.run(operands, blas);
                                   if (plan.input_gradient) plan.input_gradient->run(operands, blas);
                                 }
                               })
        .kernel_nodes();
  }
  /// Kernels of our own: gather, loss, optimiser, and what no product does.
  [[nodiscard]] std::int64_t others() const {
    std::int64_t n = clips_norm_ ? 4 : 3;
    for (std::size_t l = 0; l < plans_.size(); ++l) {
      const cuda::LayerPlans& plan = plans_[l];
      if (!shape_.is_last(l) && !plan.forward.fused_relu) n += 2;  // an activation each way
      if (shape_.is_last(l) && !plan.forward.fused_bias) ++n;
      if (plan.bias_gradient == cuda::BiasGradient::kColumnSum) ++n;
    }
    return n;
  }

 private:
  cuda::BlasLt blas_;
  cuda::NetworkShape shape_;
  std::vector<cuda::LayerPlans> plans_;
  bool clips_norm_;
};

/// Trains on 50 rows and expects in every graph's steps the products' kernels and ours, none else; returns how many are
/// ours.
std::int64_t own_kernels(const NetworkProblem& p, bool fused_epilogues) {
  const Dataset data = random_data(p.spec, 50);
  const EngineRig rig(p, data, fused_epilogues, 50);
  std::int64_t own = 0;
  for (const auto& [key, graph] : rig.engine().graphs()) {
    const StepProducts products(p, key.rows, fused_epilogues);
    own = products.others();
    EXPECT_GE(products.kernels(), products.count());
    EXPECT_EQ(graph.kernel_nodes(), key.steps * (products.kernels() + own)) << key.steps << " steps";
  }
  return own;
}

/// Whether cuBLASLt has the epilogues that fuse ReLU and its derivative for a layer whose widths are multiples of 8.
bool library_fuses(Precision precision, std::int64_t inputs, std::int64_t outputs, std::int64_t rows) {
  const cuda::BlasLt blas = cuda::make_blas_lt();
  const cuda::Number number = precision == Precision::kBf16 ? cuda::Number::kBfloat16 : cuda::Number::kFloat32;
  const std::int64_t bits = cuda::mask_stride(outputs);
  const cuda::MatmulShape forward{.m = outputs,
                                  .n = rows,
                                  .k = inputs,
                                  .transpose_a = true,
                                  .lda = inputs,
                                  .ldb = inputs,
                                  .ldd = outputs,
                                  .in = number,
                                  .out = number,
                                  .epilogue = CUBLASLT_EPILOGUE_RELU_AUX_BIAS,
                                  .mask_stride = bits};
  const cuda::MatmulShape backward{.m = outputs,
                                   .n = rows,
                                   .k = 8,
                                   .lda = outputs,
                                   .ldb = 8,
                                   .ldd = outputs,
                                   .in = number,
                                   .out = number,
                                   .epilogue = CUBLASLT_EPILOGUE_DRELU,
                                   .mask_stride = bits};
  return cuda::MatmulPlan::find(blas.get(), forward, precision).has_value() &&
         cuda::MatmulPlan::find(blas.get(), backward, precision).has_value();
}

TEST_F(NetworkGraphs, AReluNetworkHasThreeKernelsBesidesItsProducts) {
  for (const std::vector<std::int64_t>& hidden : std::vector<std::vector<std::int64_t>>{{8}, {16, 8}, {16, 8, 24}}) {
    for (const Precision precision : {Precision::kFp32, Precision::kTf32, Precision::kBf16}) {
      SCOPED_TRACE(name_of(precision));
      NetworkProblem p;
      p.spec.n_features = 8;
      p.spec.n_outputs = 8;
      p.spec.hidden = hidden;
      p.precision = precision;
      const std::int64_t own = own_kernels(p, true);
      std::int64_t inputs = p.spec.n_features;
      bool fuses = true;
      for (const std::int64_t outputs : hidden) {
        fuses = fuses && library_fuses(precision, inputs, outputs, 2);  // the last batch has 2 rows
        inputs = outputs;
      }
      if (fuses) {
        EXPECT_EQ(own, 3) << "with 3 L - 1 products, 3 L + 2 kernels a step";
      } else {
        EXPECT_GT(own, 3) << "this version of cuBLASLt does not fuse ReLU for these shapes";
      }
    }
  }
}

TEST_F(NetworkGraphs, OtherKernelsArePaidForWhereTheyAreNeeded) {
  NetworkProblem p;  // 3 layers
  const std::int64_t relu = own_kernels(p, true);
  EXPECT_LE(relu, 11);
  p.optimizer.clip_norm = 1.0;
  EXPECT_EQ(own_kernels(p, true), relu + 1) << "the norm";
  p.optimizer.clip_norm = 0.0;
  p.spec.activation = Activation::kTanh;
  const std::int64_t tanh = own_kernels(p, true);
  EXPECT_GE(tanh, 7) << "an activation each way for both hidden layers";
  EXPECT_LE(tanh, 11);
  EXPECT_EQ(own_kernels(p, false), 11) << "nothing fused: the last bias and three bias gradients more";
  p.spec.batch_norm = true;
  EXPECT_GE(own_kernels(p, true), 7) << "normalisation does the activation, too";
  EXPECT_EQ(own_kernels(p, false), 9) << "and has the bias gradient of its layer";
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
      // The same sums, of float32 rounded numbers in another order.
      expect_close(plain.losses(), fused.losses(), 2e-6, "loss of step");
      expect_close(plain.parameters(), fused.parameters(), 2e-6, "parameter");
    }
  }
}

}  // namespace
}  // namespace slalom::testing
