// SPDX-License-Identifier: Apache-2.0
// What a diagnosis says of data whose trouble is known.
#include "train/divergence_diagnosis.hpp"

#include <gtest/gtest.h>

#include <slalom/model.hpp>

#include "train/guarded_problem.hpp"

namespace slalom::training {
namespace {

std::vector<std::string> lines_of(const Dataset& data, const OptimizerConfig& optimizer, bool trained = true) {
  const ModelSpec spec{.n_features = 2};
  return diagnose({.spec = spec,
                   .train = data,
                   .optimizer = optimizer,
                   .features = {"area", "age"},
                   .parameters = initial_parameters(spec, 1, 0),
                   .trained = trained});
}

std::string line_about(const std::vector<std::string>& lines, const std::string& subject) {
  for (const std::string& line : lines) {
    if (line.rfind(subject + ": ", 0) == 0) return line;
  }
  return "";
}

TEST(DivergenceDiagnosis, NamesTheFeatureThatIsFarTooLarge) {
  const auto lines = lines_of(testing::plane_data(500, 1000.0F), {.kind = OptimizerKind::kSgd}, false);
  EXPECT_EQ(line_about(lines, "features").find("features: 1 of 2 are far larger than 1 (root mean square: 'area' 5"),
            0U)
      << line_about(lines, "features");
  EXPECT_NE(line_about(lines, "gradient").find(" at the start, 100 % of its square from 'area'"), std::string::npos);
  EXPECT_NE(line_about(lines, "curvature").find("--optimizer sgd overshoots more and more above --lr "),
            std::string::npos);
  EXPECT_EQ(line_about(lines, "try").find("try: --scale standard (or other units for the large features); --lr "), 0U);
  EXPECT_EQ(line_about(lines, "target"), "");
}

TEST(DivergenceDiagnosis, NamesTargetsThatAreFarTooLarge) {
  Dataset data = testing::plane_data(500, 1.0F);
  for (float& target : data.targets) target *= 1e5F;
  const auto lines = lines_of(data, {.kind = OptimizerKind::kSgd});
  EXPECT_EQ(line_about(lines, "features"), "");
  EXPECT_NE(line_about(lines, "target").find("far larger than 1"), std::string::npos);
  EXPECT_NE(line_about(lines, "try").find("leaving out --no-target-scale"), std::string::npos);
  EXPECT_NE(line_about(lines, "gradient").find(" at the last good state"), std::string::npos);
}

TEST(DivergenceDiagnosis, KnowsThatAdaptiveOptimisersHaveNoSuchBound) {
  const auto lines = lines_of(testing::plane_data(500, 1.0F), {.kind = OptimizerKind::kAdam, .clip_norm = 1.0});
  EXPECT_NE(line_about(lines, "curvature").find(": gradient descent would overshoot more and more above --lr "),
            std::string::npos);
  EXPECT_EQ(line_about(lines, "try"), "try: a smaller --lr, which slalom lr-find finds");
}

}  // namespace
}  // namespace slalom::training
