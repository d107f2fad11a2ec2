// SPDX-License-Identifier: Apache-2.0
// Devices that fail for good in the middle of a run: one error, and everything good is kept.
#include <filesystem>

#include <gmock/gmock.h>

#include "cli/command_line.hpp"
#include "cuda/device_test.hpp"
#include "cuda/factory.hpp"

namespace slalom::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr int kDevice = 71;

class DeviceLoss : public CommandLine {
 protected:
  void SetUp() override {
    CommandLine::SetUp();
    const std::string reason = cuda::report_devices().unavailable;
    if (!reason.empty() && std::getenv("SLALOM_REQUIRE_CUDA") != nullptr) FAIL() << reason;
    if (!reason.empty()) GTEST_SKIP() << reason;
    write("plane.csv", plane_csv(120));
    write("m.safetensors", "old");
  }

  static constexpr const char* kTrain =
      "train --data plane.csv --target y --quiet --device cuda --epochs 6 --batch-size 32 --seed 1 ";

  /// Runs slalom with a runtime that fails as failing_runtime.cpp takes it.
  [[nodiscard]] Outcome failing(const std::string& fault, const std::string& arguments) const {
    return shell("env SLALOM_FAILING_CUDA='" + fault +
                 "' LD_PRELOAD='" SLALOM_FAILING_RUNTIME "' '" SLALOM_BINARY "' " + arguments);
  }

  /// One line of stderr that names the call, its place and the error.
  static void expect_one_error(const Outcome& run, const std::string& error) {
    EXPECT_EQ(run.status, kDevice) << run.err;
    EXPECT_THAT(run.err, StartsWith("slalom: CUDA: "));
    EXPECT_THAT(run.err, HasSubstr(error));
    EXPECT_THAT(run.err, ::testing::ContainsRegex(" in [^\n]+ \\((src/cuda|kernels)/[a-z_]+\\.(cpp|hpp|cu):[0-9]+\\)"));
    EXPECT_EQ(std::count(run.err.begin(), run.err.end(), '\n'), 1) << run.err;
    EXPECT_EQ(run.out, "");
  }
};

/// An illegal address is told by whatever call is next.
TEST_F(DeviceLoss, AStickyErrorIsToldOnce) {
  for (const int call : {1, 4, 9, 20, 40, 80, 160, 320}) {
    const Outcome run =
        failing(":" + std::to_string(call) + ":lasting:700", kTrain + std::string("--out m.safetensors"));
    if (run.status == 0) {
      EXPECT_GT(call, 80) << "so many calls are made";
      break;
    }
    if (call == 1) continue;  // the list of devices: an error of its own
    expect_one_error(run, "an illegal memory access was encountered [cudaErrorIllegalAddress]");
    EXPECT_EQ(read("m.safetensors"), "old");
  }
}

TEST_F(DeviceLoss, WithCheckpointsTheRunGoesOnBitForBit) {
  ASSERT_EQ(slalom(kTrain + std::string("--out whole.safetensors")).status, 0);
  const std::string command =
      kTrain + std::string("--out m.safetensors --checkpoint-dir ck --checkpoint-every 1 --resume ");
  int lost = 0;
  for (const char* const fault :
       {",cudaEventSynchronize,:3:lasting:100", ",cudaLaunchKernel,__cudaLaunchKernel,:30:lasting:719",
        ",cudaStreamSynchronize,:25:lasting:700"}) {
    std::filesystem::remove_all(folder() / "ck");
    write("m.safetensors", "old");
    const Outcome run = failing(fault, command);
    expect_one_error(run, "[cudaError");
    EXPECT_EQ(read("m.safetensors"), "old");
    if (run.err.find("no checkpoint had been written") != std::string::npos) continue;
    ++lost;
    EXPECT_THAT(run.err, ::testing::ContainsRegex("; ck/step-[0-9]+\\.safetensors is saved, and the same command with "
                                                  "--resume goes on from there\n$"));
    std::string on_cpu = command;
    on_cpu.replace(on_cpu.find("cuda"), 4, "cpu");
    const Outcome elsewhere = slalom(on_cpu);
    EXPECT_EQ(elsewhere.status, 64) << elsewhere.err;
    EXPECT_THAT(elsewhere.err, HasSubstr("--device: found cuda, expected cpu"));
    ASSERT_EQ(slalom(command).status, 0);
    EXPECT_TRUE(read("m.safetensors") == read("whole.safetensors")) << fault;
  }
  EXPECT_GT(lost, 0);
}

/// A checkpoint that could not be written is written when the device is gone: it is on the host.
TEST_F(DeviceLoss, WithoutACheckpointThatIsSaid) {
  const Outcome run = failing(",cudaEventSynchronize,:1:lasting:100",
                              kTrain + std::string("--out m.safetensors --checkpoint-dir ck --checkpoint-every 1"));
  expect_one_error(run, "[cudaErrorNoDevice]");
  EXPECT_THAT(run.err, HasSubstr("; no checkpoint had been written\n"));
  EXPECT_EQ(read("m.safetensors"), "old");
}

TEST_F(DeviceLoss, ShortMemoryIsSaidWithNumbersAndChangesNothing) {
  ASSERT_EQ(slalom(kTrain + std::string("--out whole.safetensors")).status, 0);
  const std::string command = "train --data plane.csv --target y --device cuda --epochs 6 --batch-size 32 --seed 1 ";
  const Outcome run = failing(",cudaMalloc,:5:once:2", command + "--out m.safetensors");
  EXPECT_EQ(run.status, 0) << run.err;
  EXPECT_THAT(run.err, ::testing::ContainsRegex("note: out of device memory: asked for [0-9]+ bytes, [0-9]+ of [0-9]+ "
                                                "are free; [a-z ']+\n"));
  EXPECT_TRUE(read("m.safetensors") == read("whole.safetensors"));
}

TEST_F(DeviceLoss, TooLittleMemoryIsOneError) {
  const Outcome run = shell("env SLALOM_CUDA_MEMORY=200 LD_PRELOAD='" SLALOM_FAILING_RUNTIME "' '" SLALOM_BINARY "' " +
                            std::string(kTrain) + "--out m.safetensors");
  EXPECT_EQ(run.status, kDevice);
  EXPECT_THAT(run.err, ::testing::MatchesRegex(
                           "slalom: out of device memory: asked for [0-9]+ bytes, [0-9]+ of 200 are free\n"));
  EXPECT_EQ(read("m.safetensors"), "old");
}

}  // namespace
}  // namespace slalom::testing
