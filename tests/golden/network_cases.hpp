// SPDX-License-Identifier: Apache-2.0
// The cases of networks.json: small models with their outputs, losses and every gradient.
#pragma once

#include <algorithm>
#include <memory>
#include <numeric>
#include <span>
#include <string>
#include <vector>

#include <slalom/backend.hpp>
#include <slalom/model.hpp>

#include "golden/golden_file.hpp"

namespace slalom::testing {

struct NetworkCase {
  ModelSpec spec;
  Dataset data;
  std::vector<double> parameters;
};

inline NetworkCase make_case(const nlohmann::json& j) {
  NetworkCase c;
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

/// One SGD step at rate 1 over all rows: the parameters' change is minus the gradient. `make(spec, data, members)`
/// makes the backend.
template <class Make>
void check_case(const nlohmann::json& j, Make&& make, double tolerance) {
  SCOPED_TRACE(j.at("loss").get<std::string>() + " " + j.at("activation").get<std::string>());
  const NetworkCase c = make_case(j);
  const MemberConfig member{.optimizer = {.kind = OptimizerKind::kSgd}};
  const std::unique_ptr<Backend> backend = make(c.spec, c.data, std::span(&member, 1));
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

/// The same on the backend for `device`.
inline void check_case(const nlohmann::json& j, DeviceKind device, double tolerance) {
  const auto make = [device](const ModelSpec& spec, const Dataset& data, std::span<const MemberConfig> members) {
    return make_backend(device, spec, data, members, {.threads = 1});
  };
  check_case(j, make, tolerance);
}

}  // namespace slalom::testing
