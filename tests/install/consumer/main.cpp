// SPDX-License-Identifier: Apache-2.0
// Trains y = 2 x + 1 through the installed library and checks the weight.
#include <cmath>
#include <cstdio>

#include <slalom/backend.hpp>
#include <slalom/model.hpp>
#include <slalom/trainer.hpp>
#include <slalom/version.hpp>

int main() {
  slalom::Dataset data;
  data.n_rows = 8;
  data.n_features = 1;
  data.n_targets = 1;
  for (int i = 0; i < 8; ++i) {
    const float x = static_cast<float>(i) / 4.0F - 1.0F;
    data.features.push_back(x);
    data.targets.push_back(2.0F * x + 1.0F);
  }
  slalom::ModelSpec spec;
  spec.n_features = 1;
  slalom::TrainerConfig config;
  config.optimizer.kind = slalom::OptimizerKind::kSgd;
  config.optimizer.learning_rate = 0.1;
  config.batch_size = 0;
  config.epochs = 500;
  const slalom::MemberConfig member{.optimizer = config.optimizer};
  const auto backend = slalom::make_backend(slalom::DeviceKind::kCpu, spec, data, {&member, 1});
  backend->import_state(0, {.step = 0, .parameters = slalom::initial_parameters(spec, 1, 0), .optimizer_state = {}});
  slalom::train(*backend, data, nullptr, config, {}, {});
  const double weight = backend->export_state(0).parameters[0];
  std::printf("slalom %s: weight %.6f\n", slalom::kVersion, weight);
  return std::fabs(weight - 2.0) < 1e-3 ? 0 : 1;
}
