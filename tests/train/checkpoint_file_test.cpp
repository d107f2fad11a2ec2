// SPDX-License-Identifier: Apache-2.0
// Checkpoints survive the file exactly, and broken files are refused cleanly.
#include "train/checkpoint_file.hpp"

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include <gtest/gtest.h>

#include <slalom/error.hpp>

#include "core/philox.hpp"
#include "data/temp_files.hpp"
#include "support/message_of.hpp"
#include "train/checksum.hpp"

namespace slalom::training {
namespace {

using testing::file_content;
using testing::message_of;
using testing::TempFolder;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// Numbers that are easily lost on the way.
std::vector<double> hard_numbers() {
  return {0.0, -0.0, 1.0 / 3.0, 5e-324, 1.7976931348623157e308, kInfinity, -kInfinity, std::nan(""), 0.1};
}

Checkpoint make_checkpoint() {
  Checkpoint checkpoint;
  checkpoint.run = {{"--lr", "0.1"}, {"feature column 1", "\"quoted\" \xc3\xbc"}};
  checkpoint.seconds = 1.0 / 3.0;
  checkpoint.best_file = "step-000000000007.safetensors";
  checkpoint.best_watched_loss = 0.1;
  checkpoint.members.resize(2);
  SavedMember& first = checkpoint.members[0];
  first.run.at = {.epoch = 3, .row = 40, .step = 25};
  first.run.samples = std::int64_t{1} << 53;
  first.run.learning_rate = 0.1;
  first.run.loss_sum = 1e300 / 3.0;
  first.run.loss_rows = 40;
  first.run.plateau = {.rate = 1.0 / 7.0, .best = 0.3, .bad_epochs = 2, .cooldown_left = 1};
  first.run.watched_loss = 0.7;
  first.run.best_epoch = 2;
  first.run.epochs_without_progress = 1;
  first.epoch_losses = hard_numbers();
  first.last_watched_loss = 0.8;
  first.state = {
      .step = 25, .parameters = {0.5, -0.25, 0.0, -0.0}, .optimizer_state = {0.1, 0.2}, .clock = {0.9, 1e-300}};
  first.best = MemberState{.step = 20, .parameters = hard_numbers(), .optimizer_state = {}, .clock = {}};
  first.run.steps_run = 27;
  first.run.watch = {.floor = 0.2, .smoothed = 0.3, .best = kInfinity, .counted = 25, .high = 3};
  first.run.rate_scale = 0.1;
  first.run.retries = 1;
  first.good.resize(2);
  first.good[1].run.at.step = 11;
  first.good[1].member = {.step = 11, .parameters = {0.1}, .optimizer_state = hard_numbers(), .clock = {}};
  checkpoint.members[1].divergence = "training diverged";
  checkpoint.members[1].state.parameters = {1.0};
  return checkpoint;
}

void expect_same_bits(const std::vector<double>& found, const std::vector<double>& expected) {
  ASSERT_EQ(found.size(), expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    EXPECT_EQ(std::bit_cast<std::uint64_t>(found[i]), std::bit_cast<std::uint64_t>(expected[i])) << i;
  }
}

void expect_same_state(const MemberState& found, const MemberState& expected) {
  EXPECT_EQ(found.step, expected.step);
  expect_same_bits(found.parameters, expected.parameters);
  expect_same_bits(found.optimizer_state, expected.optimizer_state);
  expect_same_bits(found.clock, expected.clock);
}

TEST(CheckpointFile, RoundTripIsExact) {
  const TempFolder folder;
  const Checkpoint written = make_checkpoint();
  write_checkpoint(written, folder.path("c"));
  const Checkpoint read = read_checkpoint(folder.path("c"));
  EXPECT_EQ(read.run, written.run);
  EXPECT_EQ(read.seconds, written.seconds);
  EXPECT_EQ(read.best_file, written.best_file);
  EXPECT_EQ(read.best_watched_loss, written.best_watched_loss);
  ASSERT_EQ(read.members.size(), 2U);
  for (std::size_t m = 0; m < 2; ++m) {
    const SavedMember& a = read.members[m];
    const SavedMember& b = written.members[m];
    EXPECT_EQ(a.run, b.run);
    EXPECT_EQ(a.last_watched_loss, b.last_watched_loss);
    EXPECT_EQ(a.divergence, b.divergence);
    expect_same_bits(a.epoch_losses, b.epoch_losses);
    expect_same_state(a.state, b.state);
    ASSERT_EQ(a.best.has_value(), b.best.has_value());
    if (a.best) expect_same_state(*a.best, *b.best);
    ASSERT_EQ(a.good.size(), b.good.size());
    for (std::size_t g = 0; g < a.good.size(); ++g) {
      EXPECT_EQ(a.good[g].run, b.good[g].run);
      expect_same_state(a.good[g].member, b.good[g].member);
    }
  }
  write_checkpoint(read, folder.path("again"));
  EXPECT_TRUE(file_content(folder.path("again")) == file_content(folder.path("c")));
}

TEST(CheckpointFile, SumsOverItsMembers) {
  Checkpoint checkpoint = make_checkpoint();
  checkpoint.members[1].run.steps_run = 5;
  EXPECT_EQ(checkpoint.steps(), 32);
  checkpoint.members[1].last_watched_loss = 0.01;  // of a member that has diverged
  EXPECT_EQ(checkpoint.watched_loss(), 0.8);
}

TEST(CheckpointFile, EveryTruncationIsRefused) {
  const TempFolder folder;
  write_checkpoint(make_checkpoint(), folder.path("c"));
  const std::string whole = file_content(folder.path("c"));
  for (std::size_t n = 0; n < whole.size(); ++n) {
    const std::string path = folder.file("cut", whole.substr(0, n));
    EXPECT_THROW(static_cast<void>(read_checkpoint(path)), DataError) << n << " bytes of " << whole.size();
  }
}

TEST(CheckpointFile, EveryFlippedBitIsFound) {
  const TempFolder folder;
  write_checkpoint(make_checkpoint(), folder.path("c"));
  const std::string whole = file_content(folder.path("c"));
  core::PhiloxStream random(1, 0, core::RandomUse::kSynthetic, 2);
  for (int trial = 0; trial < 2000; ++trial) {
    std::string broken = whole;
    const auto at = random.below(static_cast<std::uint32_t>(whole.size()));
    broken[at] = static_cast<char>(static_cast<unsigned char>(broken[at]) ^ (1U << random.below(8)));
    EXPECT_THROW(static_cast<void>(read_checkpoint(folder.file("broken", broken))), DataError) << "byte " << at;
  }
}

TEST(CheckpointFile, MessagesSayWhatIsWrong) {
  const TempFolder folder;
  write_checkpoint(make_checkpoint(), folder.path("c"));
  const std::string whole = file_content(folder.path("c"));
  const auto message = [&](const std::string& content) {
    const std::string path = folder.file("x", content);
    const std::string text = message_of([&] { (void)read_checkpoint(path); });
    EXPECT_TRUE(text.starts_with(path + ": ")) << text;
    return text.substr(path.size() + 2);
  };
  EXPECT_EQ(message(""), "is empty");
  EXPECT_EQ(message(whole.substr(0, 7)), "truncated: found 7 bytes, expected 8");
  EXPECT_EQ(message(whole.substr(0, whole.size() - 1)), "truncated: found " + std::to_string(whole.size() - 1) +
                                                            " bytes, expected " + std::to_string(whole.size()));
  EXPECT_EQ(message(whole + "x"), "not a slalom checkpoint: found " + std::to_string(whole.size() + 1) +
                                      " bytes, expected " + std::to_string(whole.size()));
  std::string broken = whole;
  broken[whole.size() - 10] ^= 1;
  const std::string damaged = message(broken);
  EXPECT_TRUE(damaged.starts_with("damaged: the checksum of its content is ")) << damaged;
  EXPECT_EQ(message(std::string("\xff\xff\xff\xff\xff\xff\xff\x7f{}", 10)),
            "not a slalom checkpoint: it does not begin with the length of a safetensors header");
  std::string other = whole;
  other.replace(other.find("slalom-checkpoint-1"), 19, "slalom-checkpoint-2");
  EXPECT_EQ(message(other),
            "not a slalom checkpoint: format is 'slalom-checkpoint-2', this version of slalom reads "
            "'slalom-checkpoint-1'");
  EXPECT_THROW(static_cast<void>(read_checkpoint(folder.path("none"))), InputError);
}

TEST(CheckpointFile, AHeaderOfTerabytesAllocatesNothing) {
  const TempFolder folder;
  const std::string header =
      R"({"__metadata__":{},"t":{"dtype":"F64","shape":[1099511627776],"data_offsets":[0,8796093022208]}})";
  std::string file(8, '\0');
  file[0] = static_cast<char>(header.size());
  const std::string path = folder.file("huge", file + header);
  EXPECT_EQ(message_of([&] { (void)read_checkpoint(path); }),
            path + ": truncated: found " + std::to_string(8 + header.size()) + " bytes, expected " +
                std::to_string(std::uint64_t{8796093022208} + 8 + header.size()));
}

TEST(CheckpointFile, DeepJsonUnderARightChecksumDoesNotOverflowTheStack) {
  const TempFolder folder;
  write_checkpoint(make_checkpoint(), folder.path("c"));
  std::string file = file_content(folder.path("c"));
  const std::string count = R"(\"steps_run\":27)";  // inside the JSON text of the header's JSON
  const std::size_t at = file.find(count);
  ASSERT_NE(at, std::string::npos);
  const std::string deep = std::string(1000000, '[') + std::string(1000000, ']');
  file.replace(at + count.size() - 2, 2, deep);
  const std::uint64_t added = deep.size() - 2;
  std::uint64_t length = 0;
  std::memcpy(&length, file.data(), sizeof(length));
  length += added;
  std::memcpy(file.data(), &length, sizeof(length));
  const std::uint32_t sum = checksum_of(std::string_view(file).substr(0, file.size() - sizeof(sum)));
  std::memcpy(file.data() + file.size() - sizeof(sum), &sum, sizeof(sum));
  const std::string path = folder.file("deep", file);
  EXPECT_EQ(message_of([&] { (void)read_checkpoint(path); }),
            path + ": not a slalom checkpoint: JSON is nested more than 32 deep");
}

}  // namespace
}  // namespace slalom::training
