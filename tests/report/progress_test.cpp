// SPDX-License-Identifier: Apache-2.0
// Progress lines on a terminal and elsewhere.
#include "report/progress.hpp"

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "support/pseudo_terminal.hpp"

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
  ProgressPrinter printer(file.get(), {}, 1);
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
  ProgressPrinter printer(file.get(), {}, 2);
  for (std::int64_t epoch = 1; epoch <= 5; ++epoch) printer.on_epoch(report_of(epoch));
  const std::string text = text_of(file.get());
  for (const char* shown : {"epoch 1/5", "epoch 2/5", "epoch 4/5", "epoch 5/5"}) {
    EXPECT_NE(text.find(shown), std::string::npos) << shown;
  }
  EXPECT_EQ(text.find("epoch 3/5"), std::string::npos);
}

TEST(ProgressPrinter, NamesRestartsAndFolds) {
  const File file(std::tmpfile());
  ASSERT_NE(file, nullptr);
  EpochReport report = report_of(1);
  ProgressPrinter restarts(file.get(), {}, 1, {"restart", 1});
  restarts.on_epoch(report);
  report.member = 1;
  restarts.on_epoch(report);
  ProgressPrinter folds(file.get(), {}, 1, {"fold", 0});
  folds.on_epoch(report);
  report.member = 0;
  folds.on_epoch(report);
  const std::string line = "epoch 1/5  loss 0.5  lr 0.01  1e+03 samples/s\n";
  EXPECT_EQ(text_of(file.get()), "restart 1  " + line + "restart 2  " + line + "fold 1  " + line + line);
}

/// What comes onto a terminal of 100 columns when `use` gives a printer work.
template <class Use>
std::string on_terminal(text::Style style, Use use) {
  unsetenv("COLUMNS");
  testing::PseudoTerminal terminal(100);
  if (!terminal.works()) return "";
  style.live = true;
  {
    ProgressPrinter printer(terminal.stream(), style, 1);
    use(printer);
  }
  return terminal.written();
}

TEST(ProgressPrinter, RewritesOneLineOnATerminal) {
  const std::string text = on_terminal({}, [](ProgressPrinter& printer) {
    Progress progress{.epoch = 1, .epochs = 4, .step = 5, .steps_per_epoch = 10, .loss = 0.5, .seconds = 3.0};
    progress.samples_per_second = 1000.0;
    printer.on_progress(progress);
    progress.step = 10;
    progress.loss = 0.25;
    printer.on_progress(progress);
    printer.on_epoch(report_of(1));
  });
  if (text.empty()) GTEST_SKIP() << "no pseudo-terminals here";
  EXPECT_EQ(text,
            "epoch 1/4  loss 0.5  1e+03 samples/s  21 s left  ▁▁▁"
            "\r\x1b[Kepoch 1/4  loss 0.25  1e+03 samples/s  9 s left  ███▁▁▁"
            "\r\x1b[Kepoch 1/5  loss 0.5  lr 0.01  1e+03 samples/s\r\n");
}

TEST(ProgressPrinter, ColoursWhatTheGuardDidAndNotes) {
  const std::string text = on_terminal({.colour = true}, [](ProgressPrinter& printer) {
    printer.on_guard({.retry = 1, .retries = 3});
    printer.on_note("column \x1b[2J is empty");
  });
  if (text.empty()) GTEST_SKIP() << "no pseudo-terminals here";
  EXPECT_EQ(text.find("\x1b[33mguard: "), 0U) << text;
  EXPECT_NE(text.find("\x1b[0m\r\n\x1b[36mnote:\x1b[0m column \\x1b[2J is empty\r\n"), std::string::npos) << text;
}

}  // namespace
}  // namespace slalom::report
