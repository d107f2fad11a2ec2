// SPDX-License-Identifier: Apache-2.0
// The lines that say what the guard did.
#include "report/guard_text.hpp"

#include <limits>

#include <gtest/gtest.h>

namespace slalom::report {
namespace {

GuardEvent event_of(Trouble trouble, double loss) {
  return {.trouble = trouble,
          .epoch = 3,
          .step = 1234,
          .loss = loss,
          .best = 0.25,
          .good_epoch = 2,
          .good_step = 1150,
          .old_rate = 0.1,
          .new_rate = 0.1 * 0.1,
          .retry = 1,
          .retries = 3};
}

TEST(GuardText, SaysWhatHappenedAndWhatWasDone) {
  EXPECT_EQ(
      guard_line(event_of(Trouble::kExploded, 3.2e9)),
      "guard: the loss exploded to 3.2e+09 at step 1234 (epoch 3), best 0.25; back to step 1150 (epoch 2), learning "
      "rate 0.1 -> 0.01 (1 of 3)");
  EXPECT_EQ(
      guard_line(event_of(Trouble::kNotFinite, std::numeric_limits<double>::quiet_NaN())),
      "guard: the loss stopped being finite at step 1234 (epoch 3), best 0.25; back to step 1150 (epoch 2), learning "
      "rate 0.1 -> 0.01 (1 of 3)");
}

TEST(GuardText, SumsUpARun) {
  const GuardEvent event = event_of(Trouble::kExploded, 3.2e9);
  EXPECT_EQ(guard_summary({}), "");
  EXPECT_EQ(guard_summary({event}), "the guard lowered the learning rate once, last at epoch 3 from 0.1 to 0.01");
  EXPECT_EQ(guard_summary({event, event}),
            "the guard lowered the learning rate 2 times, last at epoch 3 from 0.1 to 0.01");
}

TEST(GuardText, HasNoNumberForALossThatIsNone) {
  EXPECT_TRUE(guard_json(event_of(Trouble::kNotFinite, std::numeric_limits<double>::infinity())).at("loss").is_null());
  EXPECT_EQ(guard_json(event_of(Trouble::kExploded, 8.0)).at("loss"), 8.0);
}

}  // namespace
}  // namespace slalom::report
