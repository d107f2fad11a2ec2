// SPDX-License-Identifier: Apache-2.0
// Random numbers in vectors: the same as one by one, on every instruction set.
#include "data/draws.hpp"

#include <algorithm>
#include <numeric>

#include <gtest/gtest.h>

#include "core/philox.hpp"
#include "data/sampler.hpp"

namespace slalom::testing {
namespace {

using core::RandomUse;

const core::RandomSequence kSequences[] = {
    {},
    {.seed = 1, .stream = 0, .use = RandomUse::kPermutation, .index = 5},
    {.seed = 0xFEDCBA9876543210U, .stream = 0x80000001U, .use = RandomUse::kSynthetic, .index = 0xFFFFFFFFU},
};

TEST(Draws, WordsArePhilox) {
  for (const data::DrawKernels& kernels : data::draw_kernels()) {
    for (const core::RandomSequence& sequence : kSequences) {
      for (const std::uint64_t counter : {std::uint64_t{0}, std::uint64_t{48}, (std::uint64_t{1} << 32U) - 7}) {
        std::uint32_t words[data::kDrawWords];
        kernels.words(sequence, counter, words);
        for (std::size_t i = 0; i < data::kDrawWords; ++i) {
          ASSERT_EQ(words[i], core::philox(sequence, counter + i / 4)[i % 4]) << counter << " word " << i;
        }
      }
    }
  }
}

/// `total` draws below bound, bound - 1, ..., asked for `n` at a time.
void expect_draws(const core::RandomSequence& s, std::uint32_t bound, std::size_t total, std::size_t n) {
  for (const data::DrawKernels& kernels : data::draw_kernels()) {
    core::PhiloxStream one_by_one(s.seed, s.stream, s.use, s.index);
    data::FallingDraws draws(s, kernels);
    for (std::size_t done = 0; done < total;) {
      std::uint32_t drawn[data::kDrawWords];
      const auto below = static_cast<std::uint32_t>(bound - done);
      const std::size_t most = std::min(n, total - done);
      const std::size_t got = draws.next(below, most, drawn);
      ASSERT_GE(got, 1U);
      ASSERT_LE(got, most);
      for (std::size_t i = 0; i < got; ++i) {
        ASSERT_EQ(drawn[i], one_by_one.below(below - static_cast<std::uint32_t>(i))) << "draw " << done + i;
      }
      done += got;
    }
  }
}

TEST(Draws, AreThoseOfTheStream) {
  for (const core::RandomSequence& sequence : kSequences) {
    for (const std::size_t n : {1U, 7U, 31U, 64U}) {
      expect_draws(sequence, 100000, 1000, n);
      expect_draws(sequence, 200, 199, n);
    }
  }
}

TEST(Draws, AreThoseOfTheStreamWhereWordsAreRejected) {
  for (const core::RandomSequence& sequence : kSequences) {
    for (const std::uint32_t bound : {0xFFFFFFFFU, 0x80000001U, 0x60000000U, 0x08000001U}) {
      for (const std::size_t n : {1U, 7U, 64U}) expect_draws(sequence, bound, 3000, n);
    }
  }
}

TEST(Draws, ShuffleAsTheStreamWould) {
  for (const std::size_t n : {0U, 1U, 2U, 3U, 63U, 64U, 65U, 66U, 129U, 5000U, 300001U}) {
    const core::RandomSequence s{.seed = 42, .stream = 3, .use = RandomUse::kPermutation, .index = 8};
    std::vector<std::uint32_t> expected(n);
    std::iota(expected.begin(), expected.end(), 0U);
    std::vector<std::uint32_t> actual = expected;
    core::PhiloxStream random(s.seed, s.stream, s.use, s.index);
    for (std::size_t left = n; left > 1; --left) {
      std::swap(expected[left - 1], expected[random.below(static_cast<std::uint32_t>(left))]);
    }
    data::shuffle(actual, s);
    ASSERT_EQ(actual, expected) << n;
  }
}

}  // namespace
}  // namespace slalom::testing
