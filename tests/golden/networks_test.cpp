// SPDX-License-Identifier: Apache-2.0
// Outputs, losses and every gradient of small models, and a mini-batch trajectory, on both host backends.
#include <algorithm>
#include <numeric>
#include <vector>

#include <slalom/backend.hpp>
#include <slalom/model.hpp>

#include "golden/golden_file.hpp"

namespace slalom::testing {
namespace {

struct Case {
  ModelSpec spec;
  Dataset data;
  std::vector<double> parameters;
};

Case make_case(const nlohmann::json& j) {
  Case c;
  const auto dims = j.at("dims").get<std::vector<std::int64_t>>();
  c.spec.n_features = dims.front();
  c.spec.n_outputs = dims.back();
  c.spec.hidden.assign(dims.begin() + 1, dims.end() - 1);
  c.spec.activation = *find_by_name<Activation>(j.at("activation").get<std::string>());
  c.spec.loss.kind = *find_by_name<LossKind>(j.at("loss").get<std::string>());
  c.spec.loss.quantile = 0.9;
  c.spec.kind = c.spec.hidden.empty() ? ModelKind::kLinear : ModelKind::kMlp;
  if (c.spec.hidden.empty() && c.spec.is_classifier()) {
    c.spec.kind = c.spec.loss.kind == LossKind::kCrossEntropy ? ModelKind::kSoftmax : ModelKind::kLogistic;
  }
  c.data.n_rows = static_cast<std::int64_t>(j.at("X").size());
  c.data.n_features = dims.front();
  c.data.n_targets = c.spec.n_outputs;
  const auto stride = static_cast<std::size_t>(row_stride(dims.front()));
  c.data.features.assign(j.at("X").size() * stride, 0.0F);
  for (std::size_t i = 0; i < j.at("X").size(); ++i) {
    for (std::size_t f = 0; f < j.at("X")[i].size(); ++f)
      c.data.features[i * stride + f] = j.at("X")[i][f].get<float>();
    if (c.spec.loss.kind == LossKind::kCrossEntropy) {
      c.data.labels.push_back(j.at("y")[i].get<std::int32_t>());
    } else {
      for (const auto& value : j.at("y")[i]) c.data.targets.push_back(value.get<float>());
    }
  }
  const ParameterLayout layout(c.spec);
  c.parameters.assign(static_cast<std::size_t>(layout.n_total), 0.0);
  for (std::size_t l = 0; l < layout.layers.size(); ++l) {
    const LayerView& layer = layout.layers[l];
    for (std::int64_t o = 0; o < layer.outputs; ++o) {
      const auto out = static_cast<std::size_t>(o);
      c.parameters[static_cast<std::size_t>(layer.bias + o)] = j.at("biases")[l][out].get<double>();
      for (std::int64_t i = 0; i < layer.inputs; ++i) {
        c.parameters[static_cast<std::size_t>(layer.weight + o * layer.inputs + i)] =
            j.at("weights")[l][out][static_cast<std::size_t>(i)].get<double>();
      }
    }
  }
  return c;
}

/// One SGD step at rate 1 over all rows: the parameters' change is minus the gradient.
void check_case(const nlohmann::json& j, DeviceKind device, double tolerance) {
  SCOPED_TRACE(j.at("loss").get<std::string>() + " " + j.at("activation").get<std::string>());
  const Case c = make_case(j);
  const MemberConfig member{.optimizer = {.kind = OptimizerKind::kSgd}};
  const auto backend = make_backend(device, c.spec, c.data, {&member, 1}, {.threads = 1});
  backend->import_state(0, {.parameters = c.parameters});

  std::vector<float> outputs(static_cast<std::size_t>(c.data.n_rows * c.spec.n_outputs));
  backend->predict(0, c.data.view(), {}, outputs);
  const auto k = static_cast<std::size_t>(c.spec.n_outputs);
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    EXPECT_TRUE(agrees(static_cast<double>(outputs[i]), j.at("outputs")[i / k][i % k].get<double>(), 2e-6))
        << "output " << i;
  }

  std::vector<std::uint32_t> rows(static_cast<std::size_t>(c.data.n_rows));
  std::iota(rows.begin(), rows.end(), 0U);
  const double rate = 1.0;
  const StepBlock block{.rows = rows, .batch_size = c.data.n_rows, .learning_rates = {&rate, 1}};
  const auto results = backend->run({&block, 1});
  EXPECT_TRUE(agrees(results[0].losses.at(0), j.at("mean_loss").get<double>(), tolerance));
  const std::vector<double> after = backend->export_state(0).parameters;
  const ParameterLayout layout(c.spec);
  for (std::size_t l = 0; l < layout.layers.size(); ++l) {
    const LayerView& layer = layout.layers[l];
    for (std::int64_t o = 0; o < layer.outputs; ++o) {
      const auto out = static_cast<std::size_t>(o);
      const auto change = [&](std::int64_t at) {
        return c.parameters[static_cast<std::size_t>(at)] - after[static_cast<std::size_t>(at)];
      };
      EXPECT_TRUE(agrees(change(layer.bias + o), j.at("bias_gradients")[l][out].get<double>(), tolerance))
          << "bias " << l << " " << o;
      for (std::int64_t i = 0; i < layer.inputs; ++i) {
        EXPECT_TRUE(agrees(change(layer.weight + o * layer.inputs + i),
                           j.at("weight_gradients")[l][out][static_cast<std::size_t>(i)].get<double>(), tolerance))
            << "weight " << l << " " << o << " " << i;
      }
    }
  }
}

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
  const Case c = make_case(model);
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
