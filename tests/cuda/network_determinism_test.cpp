// SPDX-License-Identifier: Apache-2.0
// What a network's bits do not depend on, and what a step that is not finite leaves.
#include <cmath>
#include <limits>
#include <numeric>
#include <string>

#include "cuda/device_test.hpp"
#include "cuda/network_problem.hpp"

namespace slalom::testing {
namespace {

class NetworkBits : public DeviceTest {};

/// Everything random or with state that a network can have.
NetworkProblem full_problem() {
  NetworkProblem p;
  p.spec.hidden = {13, 6};
  p.spec.batch_norm = true;
  p.spec.dropout = 0.3;
  p.spec.activation = Activation::kGelu;
  p.optimizer = {.kind = OptimizerKind::kAdam, .clip_norm = 1.0};
  p.n_rows = 331;
  p.batch = 8;  // 41 whole batches and one of 3 rows
  p.epochs = 1;
  return p;
}

void expect_same(const NetworkRun& a, const NetworkRun& b) {
  EXPECT_EQ(a.losses, b.losses);
  EXPECT_EQ(a.state.parameters, b.state.parameters);
  EXPECT_EQ(a.state.optimizer_state, b.state.optimizer_state);
  EXPECT_EQ(a.state.step, b.state.step);
}

TEST_F(NetworkBits, AreTheSameFromRunToRunAndHoweverStepsAreCut) {
  for (const Precision precision : {Precision::kFp32, Precision::kTf32, Precision::kBf16}) {
    SCOPED_TRACE(name_of(precision));
    NetworkProblem p = full_problem();
    p.precision = precision;
    const Dataset data = random_data(p.spec, p.n_rows);
    const NetworkRun once = train_network(p, data, DeviceKind::kCuda);
    expect_same(once, train_network(p, data, DeviceKind::kCuda));
    const bool all = precision == Precision::kFp32;
    for (const std::int64_t steps : all ? std::vector<std::int64_t>{1, 7, 33} : std::vector<std::int64_t>{9}) {
      SCOPED_TRACE(steps);
      expect_same(once, train_network(p, data, DeviceKind::kCuda, steps));
    }
  }
}

TEST_F(NetworkBits, OfAMemberOfAPopulationAreThoseOfTheMemberAlone) {
  const NetworkProblem p = full_problem();
  const Dataset data = random_data(p.spec, p.n_rows);
  std::vector<MemberConfig> members(4);
  for (std::size_t m = 0; m < members.size(); ++m) members[m].stream = m;
  members[0].optimizer.kind = OptimizerKind::kAdam;
  members[1].optimizer.kind = OptimizerKind::kSgd;
  members[2].optimizer = {.kind = OptimizerKind::kRmsprop, .momentum = 0.9, .centered = true, .clip_norm = 0.5};
  members[3].optimizer = {.kind = OptimizerKind::kAdamW, .amsgrad = true, .weight_decay = 0.1, .clip_value = 0.01};
  const auto start = [&](std::size_t m) { return MemberState{.parameters = initial_parameters(p.spec, 1, m)}; };

  // Members differ in batch size and rates, and one rests.
  std::vector<std::uint32_t> order(200);
  for (std::uint32_t i = 0; i < 200; ++i) order[i] = i * 7919 % 331;
  const std::int64_t batches[] = {8, 5, 300, 8};
  const std::vector<double> rates(40, 0.01);
  std::vector<StepBlock> blocks;
  for (std::size_t m = 0; m < members.size(); ++m) {
    const std::size_t steps =
        (order.size() + static_cast<std::size_t>(batches[m]) - 1) / static_cast<std::size_t>(batches[m]);
    blocks.push_back({.rows = order, .batch_size = batches[m], .learning_rates = std::span(rates).first(steps)});
  }
  const auto together = make_graph_backend(p.spec, data, members);
  for (std::size_t m = 0; m < members.size(); ++m) together->import_state(static_cast<std::int64_t>(m), start(m));
  const auto results = together->run(blocks);
  blocks[1] = {};
  const auto more = together->run(blocks);
  EXPECT_TRUE(more[1].losses.empty());

  for (std::size_t m = 0; m < members.size(); ++m) {
    SCOPED_TRACE(m);
    const auto alone = make_graph_backend(p.spec, data, {&members[m], 1});
    alone->import_state(0, start(m));
    const StepBlock block{
        .rows = order, .batch_size = batches[m], .learning_rates = std::span(rates).first(results[m].losses.size())};
    EXPECT_EQ(alone->run({&block, 1})[0].losses, results[m].losses);
    if (m != 1) {
      EXPECT_EQ(alone->run({&block, 1})[0].losses, more[m].losses);
    }
    const MemberState expected = alone->export_state(0);
    const MemberState actual = together->export_state(static_cast<std::int64_t>(m));
    EXPECT_EQ(actual.parameters, expected.parameters);
    EXPECT_EQ(actual.optimizer_state, expected.optimizer_state);
    EXPECT_EQ(actual.step, expected.step);
  }
}

TEST_F(NetworkBits, GoOnFromAnExportedState) {
  const NetworkProblem p = full_problem();
  const Dataset data = random_data(p.spec, p.n_rows);
  const auto whole = started_graph_backend(p.spec, data, p.optimizer);
  run_steps(*whole, 0, data, 8, 0.01, 1);
  const MemberState middle = whole->export_state(0);
  whole->save(0, SnapshotSlot::kBest);
  run_steps(*whole, 0, data, 8, 0.01, 1);
  const MemberState end = whole->export_state(0);

  const auto resumed = started_graph_backend(p.spec, data, p.optimizer);
  resumed->import_state(0, middle);
  run_steps(*resumed, 0, data, 8, 0.01, 1);
  EXPECT_EQ(resumed->export_state(0).parameters, end.parameters);
  EXPECT_EQ(resumed->export_state(0).optimizer_state, end.optimizer_state);
  EXPECT_NE(end.parameters, middle.parameters);
  whole->restore(0, SnapshotSlot::kBest);
  run_steps(*whole, 0, data, 8, 0.01, 1);
  EXPECT_EQ(whole->export_state(0).parameters, end.parameters);
}

TEST_F(NetworkBits, DoNotDependOnALargerBatchBeforeOrAPredictionBetween) {
  NetworkProblem p = full_problem();
  const Dataset data = random_data(p.spec, p.n_rows);
  const NetworkRun once = train_network(p, data, DeviceKind::kCuda);
  const auto backend = started_graph_backend(p.spec, data, p.optimizer);
  run_steps(*backend, 0, data, 4, 0.01, 1);
  run_steps(*backend, 0, data, 331, 0.01, 1);  // larger memory: graphs are recorded anew
  backend->import_state(0, network_start(p.spec));
  std::vector<double> losses = run_steps(*backend, 0, data, p.batch, p.rate, 1);
  std::vector<float> outputs(331);
  backend->predict(0, data.view(), {}, outputs);
  EXPECT_EQ(losses, std::vector<double>(once.losses.begin(), once.losses.begin() + 42));
}

/// Takes 9 steps of one batch each; which of them meets a bad row is `bad_step`.
void expect_stop(NetworkProblem p, const Dataset& data, std::int64_t bad_step, const char* what) {
  SCOPED_TRACE(std::string(what) + " in step " + std::to_string(bad_step));
  const auto backend = started_graph_backend(p.spec, data, p.optimizer);
  const auto clean = started_graph_backend(p.spec, data, p.optimizer);
  // Row 0 is bad; the others are visited in order, four a step.
  std::vector<std::uint32_t> rows;
  for (std::uint32_t i = 0; i < 36; ++i) rows.push_back(i + 1);
  rows[static_cast<std::size_t>(4 * bad_step + 2)] = 0;
  const std::vector<double> rates(9, 0.01);
  const StepBlock block{.rows = rows, .batch_size = 4, .learning_rates = rates};
  const auto result = backend->run({&block, 1});
  EXPECT_EQ(result[0].first_non_finite, bad_step);
  EXPECT_EQ(result[0].losses.size(), static_cast<std::size_t>(bad_step + 1));

  const auto good = static_cast<std::size_t>(bad_step);
  if (good > 0) {
    const StepBlock before{
        .rows = std::span(rows).first(4 * good), .batch_size = 4, .learning_rates = std::span(rates).first(good)};
    const auto same = clean->run({&before, 1});
    for (std::size_t s = 0; s < good; ++s) EXPECT_EQ(result[0].losses[s], same[0].losses[s]);
  }
  const MemberState expected = clean->export_state(0);
  const MemberState actual = backend->export_state(0);
  EXPECT_EQ(actual.parameters, expected.parameters);  // running statistics, too
  EXPECT_EQ(actual.optimizer_state, expected.optimizer_state);
  EXPECT_EQ(actual.step, expected.step);

  EXPECT_TRUE(std::isfinite(result[0].losses[good]) == (data.targets[0] < 1e30F)) << result[0].losses[good];

  // The next block starts afresh.
  std::vector<std::uint32_t> fine{1, 2, 3, 4};
  const StepBlock next{.rows = fine, .batch_size = 4, .learning_rates = std::span(rates).first(1)};
  EXPECT_EQ(backend->run({&next, 1})[0].first_non_finite, -1);
}

TEST_F(NetworkBits, AStepThatIsNotFiniteChangesNothing) {
  const float infinity = std::numeric_limits<float>::infinity();
  for (const bool batch_norm : {false, true}) {
    for (const Activation activation : {Activation::kRelu, Activation::kTanh}) {
      for (const std::int64_t bad_step : {0, 1, 4, 8}) {
        NetworkProblem p;
        p.spec.batch_norm = batch_norm;
        p.spec.activation = activation;
        p.optimizer.kind = OptimizerKind::kAdam;
        Dataset data = random_data(p.spec, 40);
        data.targets[0] = infinity;
        expect_stop(p, data, bad_step, "an infinite loss");
      }
    }
  }
}

TEST_F(NetworkBits, AGradientThatOverflowsThoughTheLossIsFiniteStopsTheStep) {
  // Units of row 0 are of size 1e30 and so is its residual: weighted by 1e10, the loss of 1e40 is a finite float64, and
  // the derivative of 2.5e9 a finite float32; but the last layer's gradient is their product.
  for (const bool fused : {true, false}) {
    for (const std::int64_t bad_step : {0, 3, 8}) {
      NetworkProblem p;
      p.spec.activation = fused ? Activation::kRelu : Activation::kLeakyRelu;
      p.spec.loss.kind = LossKind::kMae;
      p.optimizer.kind = OptimizerKind::kAdam;
      Dataset data = random_data(p.spec, 40);
      for (std::size_t j = 0; j < static_cast<std::size_t>(p.spec.n_features); ++j) data.features[j] = 1e30F;
      data.weights.assign(40, 1.0F);
      data.weights[0] = 1e10F;
      expect_stop(p, data, bad_step, "an infinite gradient");
    }
  }
}

/// The step of 9 that stops a network whose parameters are those of `start`; -1: none.
std::int64_t stop_of(Backend& backend, const MemberState& start, std::span<const double> rates) {
  backend.import_state(0, start);
  std::vector<std::uint32_t> rows(36);
  std::iota(rows.begin(), rows.end(), 0U);
  const StepBlock block{.rows = rows, .batch_size = 4, .learning_rates = rates};
  return backend.run({&block, 1})[0].first_non_finite;
}

/// `start` with one value in the middle of the tensor replaced.
MemberState with_value(MemberState start, const TensorView& tensor, double value) {
  start.parameters[static_cast<std::size_t>(tensor.offset + tensor.size() / 2)] = value;
  return start;
}

TEST_F(NetworkBits, ParametersThatAreNotFiniteAreFoundInTheSameStepAsOnTheCpu) {
  // A fused ReLU may turn NaN into 0, after which loss and gradient are finite.
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  NetworkProblem p;
  const Dataset data = random_data(p.spec, 36);
  const MemberState start = network_start(p.spec);
  const MemberConfig member{.optimizer = p.optimizer, .seed = 3, .stream = 0};
  const auto cpu = make_backend(DeviceKind::kCpu, p.spec, data, {&member, 1}, {.threads = 1});
  const std::vector<double> rates(9, 0.01);
  std::vector<double> leap = rates;
  leap[3] = 3e38;  // parameters that overflow are those of the next step
  for (const Precision precision : {Precision::kFp32, Precision::kTf32, Precision::kBf16}) {
    const auto cuda = make_graph_backend(p.spec, data, {&member, 1}, {.precision = precision});
    for (const TensorView& tensor : ParameterLayout(p.spec).tensors) {
      for (const double bad : {std::numeric_limits<double>::quiet_NaN(), kInfinity, -kInfinity}) {
        SCOPED_TRACE(std::string(name_of(precision)) + " " + tensor.name + " " + std::to_string(bad));
        const MemberState planted = with_value(start, tensor, bad);
        const std::int64_t found = stop_of(*cuda, planted, rates);
        EXPECT_EQ(found, 0);
        if (!std::isnan(bad)) continue;  // an infinity that ReLU cuts off in every row is no trouble to the CPU
        EXPECT_EQ(stop_of(*cpu, planted, rates), found);
      }
    }
    EXPECT_EQ(stop_of(*cuda, start, leap), 4);
    EXPECT_EQ(stop_of(*cuda, start, rates), -1);
  }
  EXPECT_EQ(stop_of(*cpu, start, leap), 4);
}

TEST_F(NetworkBits, AFeatureThatIsNotANumberIsFoundInTheSameStepAsOnTheCpu) {
  NetworkProblem p;
  Dataset data = random_data(p.spec, 36);
  data.features[static_cast<std::size_t>(22 * row_stride(p.spec.n_features) + 3)] =
      std::numeric_limits<float>::quiet_NaN();  // row 22: step 5
  const MemberState start = network_start(p.spec);
  const MemberConfig member{.optimizer = p.optimizer, .seed = 3, .stream = 0};
  const std::vector<double> rates(9, 0.01);
  const auto cpu = make_backend(DeviceKind::kCpu, p.spec, data, {&member, 1}, {.threads = 1});
  EXPECT_EQ(stop_of(*cpu, start, rates), 5);
  for (const Precision precision : {Precision::kFp32, Precision::kTf32, Precision::kBf16}) {
    SCOPED_TRACE(name_of(precision));
    const auto cuda = make_graph_backend(p.spec, data, {&member, 1}, {.precision = precision});
    EXPECT_EQ(stop_of(*cuda, start, rates), 5);
  }
}

}  // namespace
}  // namespace slalom::testing
