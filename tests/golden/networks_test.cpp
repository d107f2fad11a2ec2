// SPDX-License-Identifier: Apache-2.0
// Outputs, losses and every gradient of small models, and a mini-batch trajectory, on both host backends.
#include "golden/network_cases.hpp"

namespace slalom::testing {
namespace {

using NetworkGolden = GoldenTest;

TEST_F(NetworkGolden, GradientsMatchOnTheReferenceBackend) {
  const nlohmann::json file = read_golden("networks.json");
  ASSERT_EQ(file.at("cases").size(), 16U);
  for (const auto& j : file.at("cases")) check_case(j, DeviceKind::kReference, 1e-6);  // the data is stored as float32
}

TEST_F(NetworkGolden, GradientsMatchOnTheCpuBackend) {
  const nlohmann::json file = read_golden("networks.json");
  ASSERT_EQ(file.at("cases").size(), 16U);
  for (const auto& j : file.at("cases")) check_case(j, DeviceKind::kCpu, 5e-6);
}

TEST_F(NetworkGolden, MiniBatchTrajectoryMatches) {
  const nlohmann::json file = read_golden("networks.json");
  const nlohmann::json& t = file.at("linear_trajectory");
  nlohmann::json model = {
      {"dims", {3, 1}}, {"activation", "relu"}, {"loss", "mse"}, {"X", t.at("X")}, {"y", t.at("y")}};
  model["weights"] = {{{0.0, 0.0, 0.0}}};
  model["biases"] = {{0.0}};
  const NetworkCase c = make_case(model);
  for (const DeviceKind device : {DeviceKind::kReference, DeviceKind::kCpu}) {
    const double tolerance = device == DeviceKind::kReference ? 1e-6 : 1e-5;  // the data is stored as float32
    ASSERT_EQ(t.at("steps").size(), 2U);
    for (const auto& [name, steps] : t.at("steps").items()) {
      const bool adam = name.starts_with("adam");
      const MemberConfig member{.optimizer = {.kind = adam ? OptimizerKind::kAdam : OptimizerKind::kSgd}};
      const auto backend = make_backend(device, c.spec, c.data, {&member, 1});
      backend->import_state(0, {.parameters = c.parameters});
      for (const auto& step : steps) {
        const auto rows = step.at("rows").get<std::vector<std::uint32_t>>();
        const double rate = adam ? 0.01 : 0.05;
        const StepBlock block{.rows = rows, .batch_size = 4, .learning_rates = {&rate, 1}};
        const auto result = backend->run({&block, 1});
        EXPECT_TRUE(agrees(result[0].losses.at(0), step.at("loss_before").get<double>(), tolerance)) << name;
        const std::vector<double> parameters = backend->export_state(0).parameters;
        for (std::size_t i = 0; i < 3; ++i)
          EXPECT_TRUE(agrees(parameters[i], step.at("w")[i].get<double>(), tolerance)) << name;
        const auto bias = static_cast<std::size_t>(ParameterLayout(c.spec).layers.at(0).bias);
        EXPECT_TRUE(agrees(parameters[bias], step.at("b").get<double>(), tolerance)) << name;
      }
    }
  }
}

}  // namespace
}  // namespace slalom::testing
