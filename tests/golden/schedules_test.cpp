// SPDX-License-Identifier: Apache-2.0
// Learning-rate schedules against reference values, step by step.
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

#include "golden/golden_file.hpp"
#include "train/schedule.hpp"

namespace slalom {
namespace {

using nlohmann::json;
using testing::agrees;

/// The settings of a reference schedule; "warmup_cosine" and the like are a warm-up before the rest of the name.
ScheduleConfig config_of(const std::string& name, const json& c) {
  std::string kind = name.starts_with("warmup_") ? name.substr(7) : name;
  for (char& letter : kind) {
    if (letter == '_') letter = '-';
  }
  const auto found = find_by_name<ScheduleKind>(kind);
  if (!found) throw std::runtime_error(name + ": no such schedule");
  ScheduleConfig config;
  config.kind = *found;
  config.warmup_steps = c.value("warmup_steps", std::int64_t{0});
  config.every = c.value("every", std::int64_t{0});
  config.milestones = c.value("milestones", std::vector<std::int64_t>{});
  config.factor = c.value("factor", config.factor);
  config.power = c.value("power", config.power);
  config.min_learning_rate = c.value("min_lr", 0.0);
  config.end_factor = c.value("end_factor", 0.0);
  config.pct_start = c.value("pct_start", config.pct_start);
  config.div_factor = c.value("div_factor", config.div_factor);
  config.final_div_factor = c.value("final_div_factor", config.final_div_factor);
  config.plateau_patience = c.value("patience", config.plateau_patience);
  config.plateau_threshold = c.value("threshold_relative", config.plateau_threshold);
  config.plateau_cooldown = c.value("cooldown", std::int64_t{0});
  return config;
}

double base_rate(const json& c) {
  return c.contains("max_lr") ? c.at("max_lr").get<double>() : c.at("base_lr").get<double>();
}

class GoldenSchedules : public testing::GoldenTest {};

TEST_F(GoldenSchedules, MatchStepByStep) {
  std::size_t compared = 0;
  const json file = read_golden("schedules.json");
  for (const auto& item : file.items()) {
    const std::string& name = item.key();
    const json& expected = item.value();
    if (!expected.contains("values")) continue;  // plateau depends on reported losses: below
    SCOPED_TRACE(name);
    const json& values = expected.at("values");
    const auto steps = static_cast<std::int64_t>(values.size());
    const training::Schedule schedule(config_of(name, expected), base_rate(expected), 1,
                                      expected.value("total_steps", steps));
    for (std::size_t t = 0; t < values.size(); ++t) {
      EXPECT_TRUE(agrees(schedule.at(static_cast<std::int64_t>(t), schedule.start()), values[t].get<double>(), 1e-14))
          << "step " << t;
    }
    ++compared;
  }
  EXPECT_EQ(compared, 9U);
}

TEST_F(GoldenSchedules, PlateauMatchesAfterEachLoss) {
  const json expected = read_golden("schedules.json").at("plateau");
  const training::Schedule schedule(config_of("plateau", expected), base_rate(expected), 1, 100);
  training::PlateauState plateau = schedule.start();
  for (std::size_t i = 0; i < expected.at("losses").size(); ++i) {
    schedule.report(expected.at("losses")[i].get<double>(), plateau);
    const double rate = expected.at("values_after_each")[i].get<double>();
    const double found = schedule.at(static_cast<std::int64_t>(i), plateau);
    EXPECT_TRUE(agrees(found / rate, 1.0, 1e-14)) << "after loss " << i << ": found " << found << ", expected " << rate;
  }
}

}  // namespace
}  // namespace slalom
