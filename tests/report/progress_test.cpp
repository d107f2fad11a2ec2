// SPDX-License-Identifier: Apache-2.0
// Progress lines where the stream is not a terminal.
#include "report/progress.hpp"

#include <cstdio>
#include <memory>
#include <string>

#include <gtest/gtest.h>

namespace slalom::report {
namespace {

struct FileCloser {
  void operator()(std::FILE* file) const noexcept { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, FileCloser>;

std::string text_of(std::FILE* file) {
  std::string text;
  std::rewind(file);
  for (int c = std::fgetc(file); c != EOF; c = std::fgetc(file)) text += static_cast<char>(c);
  return text;
}

EpochReport report_of(std::int64_t epoch) {
  EpochReport report{};
  report.epoch = epoch;
  report.epochs = 5;
  report.train_loss = 0.5;
  report.learning_rate = 0.01;
  report.samples_per_second = 1000.0;
  return report;
}

TEST(ProgressPrinter, PrintsOnePlainLineAnEpoch) {
  const File file(std::tmpfile());
  ASSERT_NE(file, nullptr);
  ProgressPrinter printer(file.get(), 1);
  EpochReport report = report_of(1);
  report.valid = Metrics{};
  report.valid->loss = 0.25;
  report.valid->accuracy = 0.875;
  printer.on_progress(Progress{});  // the live line is for terminals
  printer.on_epoch(report);
  EXPECT_EQ(text_of(file.get()),
            "epoch 1/5  loss 0.5  valid loss 0.25  valid accuracy 0.8750  lr 0.01  1e+03 samples/s\n");
}

TEST(ProgressPrinter, PrintsTheFirstEveryNthAndTheLastEpoch) {
  const File file(std::tmpfile());
  ASSERT_NE(file, nullptr);
  ProgressPrinter printer(file.get(), 2);
  for (std::int64_t epoch = 1; epoch <= 5; ++epoch) printer.on_epoch(report_of(epoch));
  const std::string text = text_of(file.get());
  for (const char* shown : {"epoch 1/5", "epoch 2/5", "epoch 4/5", "epoch 5/5"}) {
    EXPECT_NE(text.find(shown), std::string::npos) << shown;
  }
  EXPECT_EQ(text.find("epoch 3/5"), std::string::npos);
}

}  // namespace
}  // namespace slalom::report
