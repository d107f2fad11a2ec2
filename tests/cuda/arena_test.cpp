// SPDX-License-Identifier: Apache-2.0
// Device memory: pieces do not overlap, and failures say what was asked.
#include "cuda/arena.hpp"

#include <cstdlib>

#include <gmock/gmock.h>

#include <slalom/error.hpp>

#include "cuda/device_test.hpp"
#include "cuda/scratch.hpp"

namespace slalom::testing {
namespace {

using cuda::Arena;
using cuda::ArenaLayout;
using cuda::MemoryKind;

class ArenaTest : public DeviceTest {};

void expect_disjoint_aligned_pieces() {
  ArenaLayout layout;
  const auto a = layout.add<float>(3);
  const auto none = layout.add<double>(0);
  const auto b = layout.add<double>(5);
  const Arena arena(layout, MemoryKind::kPinned);
  EXPECT_EQ(arena.pointer(none), nullptr);
  EXPECT_EQ(arena.count(b), 5U);
  std::fill(arena.span(a).begin(), arena.span(a).end(), 1.0F);
  std::fill(arena.span(b).begin(), arena.span(b).end(), 2.0);
  EXPECT_THAT(arena.span(a), ::testing::Each(1.0F));
  EXPECT_THAT(arena.span(b), ::testing::Each(2.0));
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(arena.pointer(b)) % 16, 0U);
}

TEST_F(ArenaTest, PiecesAreDisjointAndAligned) { expect_disjoint_aligned_pieces(); }

TEST_F(ArenaTest, PiecesCanBeAllocatedApart) {
  setenv("SLALOM_SEPARATE_ALLOCATIONS", "1", 1);
  expect_disjoint_aligned_pieces();
  unsetenv("SLALOM_SEPARATE_ALLOCATIONS");
}

TEST_F(ArenaTest, MemoryIsLaidOutAnewWhereThereIsEnough) {
  unsetenv("SLALOM_SEPARATE_ALLOCATIONS");
  ArenaLayout first, second, larger;
  static_cast<void>(first.add<float>(3));
  const auto head = second.add<float>(64);
  const auto tail = second.add<double>(32);
  static_cast<void>(larger.add<char>(513));
  Arena arena(first, MemoryKind::kPinned, 512);
  EXPECT_EQ(arena.bytes(), 512U);
  ASSERT_TRUE(arena.lay_out(second));
  EXPECT_EQ(arena.count(head), 64U);
  EXPECT_EQ(reinterpret_cast<char*>(arena.pointer(tail)) - reinterpret_cast<char*>(arena.pointer(head)), 256);
  EXPECT_FALSE(arena.lay_out(larger));
  EXPECT_EQ(arena.count(tail), 32U) << "changed, though it does not fit";
  EXPECT_EQ(arena.bytes(), 512U);
}

TEST_F(ArenaTest, OutOfMemoryNamesTheBytes) {
  ArenaLayout layout;
  static_cast<void>(layout.add<char>(std::int64_t{1} << 46));
  try {
    const Arena arena(layout, MemoryKind::kDevice);
    FAIL() << "64 TiB were allocated";
  } catch (const DeviceError& error) {
    EXPECT_EQ(error.code(), ExitCode::kDevice);
    EXPECT_THAT(error.what(), ::testing::MatchesRegex(
                                  "out of device memory: asked for 70368744177664 bytes, [0-9]+ of [0-9]+ are free"));
  }
  EXPECT_EQ(cudaGetLastError(), cudaSuccess) << "the failed allocation is still pending";
}

TEST_F(ArenaTest, ScratchMemoryIsHandedOutAgain) {
  const cuda::Stream stream = cuda::make_stream();
  cuda::ScratchMemory scratch(stream.get());
  EXPECT_EQ(scratch.allocate(0), nullptr);
  char* const first = scratch.allocate(1000);
  char* const second = scratch.allocate(1000);
  EXPECT_NE(first, second);
  scratch.deallocate(first, 1000);
  EXPECT_EQ(scratch.allocate(600), first);
  scratch.deallocate(second, 1000);
  EXPECT_NE(scratch.allocate(400), second) << "more than half would be wasted";
  EXPECT_THROW((void)scratch.allocate(std::ptrdiff_t{1} << 46), cuda::OutOfMemory);
  EXPECT_EQ(cudaGetLastError(), cudaSuccess);
}

TEST_F(ArenaTest, AFewBytesOfScratchMemoryAreHandedOutAgain) {
  unsetenv("SLALOM_SEPARATE_ALLOCATIONS");  // which leaves their size as it is; otherwise it is rounded up
  const cuda::Stream stream = cuda::make_stream();
  cuda::ScratchMemory scratch(stream.get());
  char* const first = scratch.allocate(9);
  scratch.deallocate(first, 9);
  EXPECT_EQ(scratch.allocate(7), first);
  EXPECT_EQ(scratch.memory_bytes(), 256);
}

TEST_F(ArenaTest, AFailedCallNamesItselfAndItsPlace) {
  try {
    SLALOM_CHECK(cudaSetDevice(-1));
    FAIL() << "device -1 was accepted";
  } catch (const DeviceError& error) {
    EXPECT_THAT(error.what(), ::testing::MatchesRegex("CUDA: .* \\[cudaErrorInvalidDevice\\] in cudaSetDevice\\(-1\\) "
                                                      "\\(tests/cuda/arena_test.cpp:[0-9]+\\)"));
  }
}

}  // namespace
}  // namespace slalom::testing
