// SPDX-License-Identifier: Apache-2.0
// The table and the JSON of a tuning result, and its progress lines.
#include "report/tune_report.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "report/tune_progress.hpp"

namespace slalom::report {
namespace {

TuneResult result_of_two_rows() {
  TuneResult result;
  TuneRow fast;
  fast.trial = {.batch_size = 256, .optimizer = {.learning_rate = 0.012}};
  fast.steps_per_epoch = 4;
  fast.speed = TrialSpeed{
      .samples_per_second = 2.5e6, .steps_per_second = 9765.6, .seconds_per_epoch = 0.0004, .memory_bytes = 3 << 19};
  fast.runs = {{.seed = 1, .reason = StopReason::kEpochs, .curve = {{4, 2.0}, {8, 1.0}}},
               {.seed = 2, .reason = StopReason::kGivenUp, .curve = {{4, 3.0}}}};
  fast.lowest_loss = MedianRange{1.5, 1.0, 3.0};
  fast.epochs_to_target = MedianRange{2.0, 2.0, 2.0};
  fast.seconds_to_target = MedianRange{0.0008, 0.0008, 0.0008};
  TuneRow broken;
  broken.trial = {.batch_size = 0, .optimizer = {.learning_rate = 10.0}};
  broken.steps_per_epoch = 1;
  broken.runs = {{.seed = 1, .reason = StopReason::kDiverged, .curve = {}},
                 {.seed = 2, .reason = StopReason::kDiverged, .curve = {}}};
  result.rows = {fast, broken};
  result.recommended = 0;
  result.reason = "it is the only one";
  result.target_loss = 1.01;
  result.noise = NoiseReport{.points = {{0, {4.0, 36.0, 9.0}}, {1, {-1.0, 36.0, std::nullopt}}},
                             .small_batch = 16,
                             .big_batch = 1024,
                             .critical_batch_size = 9.0};
  return result;
}

TEST(TuneTable, AlignsColumnsAndMarksOneRow) {
  EXPECT_EQ(
      tune_table(result_of_two_rows()),
      "batch     lr  samples/s   steps/s  s/epoch    memory  lowest train loss  epochs to target  s to target\n"
      "  256  0.012    2.5e+06  9.77e+03   0.0004  ~1.5 MiB          1.5 (1-3)                 2       0.0008  <- "
      "recommended, 1 given up after 1\n"
      "  all     10          -         -        -         -                  -                 -            -  "
      "diverged after 0\n"
      "\n"
      "medians over seeds, with their range in brackets\n"
      "target: training loss 1.01 (the best seen + 1 %)\n"
      "gradient noise scale (batches of 16 and 1024): 9 after 0 epochs, beyond measure after 1 epochs\n"
      "critical batch size: about 9; well below it doubling the batch nearly halves the steps, well above it it "
      "only doubles the work\n"
      "recommended: it is the only one\n");
}

TEST(TuneTable, ShowsWhatDiffers) {
  TuneResult result = result_of_two_rows();
  result.rows[1].trial.device = DeviceKind::kCuda;
  result.rows[1].trial.optimizer.kind = OptimizerKind::kSgd;
  result.rows[1].trial.optimizer.l2 = 0.5;
  const std::string table = tune_table(result);
  EXPECT_EQ(table.find("device  batch  optimizer     lr   l2  samples/s"), 0U) << table;
  EXPECT_NE(table.find("  cuda    all        sgd     10  0.5          -"), std::string::npos) << table;
}

TEST(TuneJson, HasNullForWhatIsNotThere) {
  const nlohmann::json json = nlohmann::json::parse(tune_json(result_of_two_rows()));
  EXPECT_EQ(json["rows"][0]["batch_size"], 256);
  EXPECT_EQ(json["rows"][1]["batch_size"], "all");
  EXPECT_TRUE(json["rows"][1]["speed"].is_null());
  EXPECT_TRUE(json["rows"][1]["lowest_loss"].is_null());
  EXPECT_EQ(json["rows"][0]["runs"][0]["curve"][1]["epoch"], 2.0);
  EXPECT_EQ(json["rows"][0]["runs"][0]["curve"][1]["seconds"], 0.0008);
  EXPECT_EQ(json["rows"][1]["runs"][0]["stopped"], "diverged");
  EXPECT_TRUE(json["noise"]["points"][1]["scale"].is_null());
  EXPECT_EQ(json["noise"]["critical_batch_size"], 9.0);
  EXPECT_EQ(json["recommended"], 0);
}

TEST(TuneProgress, IsOneLineAStage) {
  using Stage = TuneProgress::Stage;
  EXPECT_EQ(progress_text({.stage = Stage::kRates, .done = 1, .total = 2}), "range tests on cpu: 1/2");
  EXPECT_EQ(progress_text({.stage = Stage::kSpeed, .device = DeviceKind::kCuda, .done = 1, .total = 2}),
            "speed on cuda: 1/2");
  EXPECT_EQ(progress_text({.stage = Stage::kTraining, .done = 3, .total = 20, .members = 24, .lowest = 0.25}),
            "training 24 members on cpu: epoch 3/20, lowest loss 0.25");
  EXPECT_EQ(progress_text({.stage = Stage::kTraining, .total = 20, .members = 1}),
            "training 1 members on cpu: epoch 0/20");
  EXPECT_EQ(progress_text({.stage = Stage::kNoise, .done = 1, .total = 6}), "noise scale on cpu: 1/6");
}

}  // namespace
}  // namespace slalom::report
