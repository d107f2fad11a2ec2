// SPDX-License-Identifier: Apache-2.0
// The check of benchmarks: it lets right backends pass and wrong ones not, for every model that is timed.
#include "yardstick.hpp"

#include <gtest/gtest.h>

#include <slalom/error.hpp>

#include "bench/wrong_backend.hpp"
#include "train/start_members.hpp"

namespace slalom::testing {
namespace {

using bench::network;
using bench::plain_model;
using bench::Problem;
using bench::Yardstick;

std::vector<Problem> problems() {
  return {
      {plain_model(ModelKind::kLinear, 8), 2048, 32, OptimizerKind::kAdam},
      {plain_model(ModelKind::kLinear, 128), 2048, 256, OptimizerKind::kSgd},
      {plain_model(ModelKind::kLogistic, 16), 2048, 32, OptimizerKind::kMomentum},
      {plain_model(ModelKind::kSoftmax, 16), 2048, 64, OptimizerKind::kAdam},
      {network(8, {16}), 1024, 32, OptimizerKind::kAdam},
      {network(20, {16, 8}, 10), 1024, 32, OptimizerKind::kAdam},
  };
}

/// What the yardstick says about the cpu backend with a fault.
std::optional<std::string> judge(const Problem& problem, Fault fault) {
  const Dataset data = make_data(problem);
  Yardstick yardstick(problem, data, 0);
  const std::vector<MemberConfig> members = members_of(problem);
  WrongBackend backend(fault, problem.spec, data, members);
  training::start_members(backend, members);
  const auto n_rows = static_cast<std::int64_t>(yardstick.rows().size());
  const std::vector<double> rates(static_cast<std::size_t>(steps_of(problem, n_rows)), learning_rate(problem));
  const StepBlock block{.rows = yardstick.rows(), .batch_size = problem.batch_size, .learning_rates = rates};
  return yardstick.objection(backend, 0, backend.run({&block, 1}).front());
}

TEST(Yardstick, AcceptsTheCpuBackend) {
  for (const Problem& problem : problems()) {
    const auto objection = judge(problem, Fault::kNone);
    EXPECT_FALSE(objection) << key_of(problem) << ": " << *objection;
  }
}

TEST(Yardstick, NoticesASlightlyLowRate) {
  for (const Problem& problem : problems()) EXPECT_TRUE(judge(problem, Fault::kRate)) << key_of(problem);
}

TEST(Yardstick, NoticesStepsThatWereLeftOut) {
  for (const Problem& problem : problems()) EXPECT_TRUE(judge(problem, Fault::kHalf)) << key_of(problem);
}

TEST(Yardstick, NoticesRightLossesWithoutTraining) {
  for (const Problem& problem : problems()) {
    const auto objection = judge(problem, Fault::kNothing);
    ASSERT_TRUE(objection) << key_of(problem);
    EXPECT_EQ(objection->find("final loss: "), 0U) << *objection;
  }
}

TEST(Yardstick, NoticesLossesThatAreNotNumbers) {
  for (const Problem& problem : problems()) {
    const auto objection = judge(problem, Fault::kNan);
    ASSERT_TRUE(objection) << key_of(problem);
    EXPECT_EQ(objection->find("mean of the steps' losses: nan, "), 0U) << *objection;
  }
}

TEST(Yardstick, RefusesToCheckWhereNothingIsLearnt) {
  const Problem problem{plain_model(ModelKind::kLinear, 8), 256, 32};
  Dataset data = make_data(problem);
  EXPECT_NO_THROW(Yardstick(problem, data, 0));
  for (float& target : data.targets) target = 0.0F;
  try {
    Yardstick(problem, data, 0);
    ADD_FAILURE() << "no error";
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "the check would not notice a backend that does nothing: the loss goes from 0 to 0");
  }
}

}  // namespace
}  // namespace slalom::testing
