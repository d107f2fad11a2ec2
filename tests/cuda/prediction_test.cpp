// SPDX-License-Identifier: Apache-2.0
// Predictions of rows that are sent piece by piece: what is enqueued when, and what comes back.
#include <numeric>
#include <set>
#include <vector>

#include "cuda/device_test.hpp"
#include "cuda/prediction.hpp"

namespace slalom::testing {
namespace {

constexpr std::int64_t kPiece = 8;
constexpr std::int64_t kStride = 8;
constexpr std::int64_t kOutputs = 2;
constexpr float kUntouched = -1.0F;

/// "Predicts" a row's first features, and notes which outputs the host has when a piece is enqueued.
class CopyingEngine : public cuda::DeviceEngine {
 public:
  explicit CopyingEngine(std::span<const float> outputs) : outputs_(outputs) {}
  [[nodiscard]] std::string description() const override { return "copies"; }
  void run(std::span<const cuda::MemberTask>, const cuda::MemberTask*, cudaStream_t) override {}
  void predict(const float*, const cuda::DeviceFeatures& x, const std::uint32_t*, std::int64_t n_rows, float* outputs,
               cudaStream_t stream) override {
    std::int64_t n_known = 0;
    while (n_known < std::ssize(outputs_) && outputs_[static_cast<std::size_t>(n_known)] != kUntouched) ++n_known;
    known_pieces.push_back(n_known / (kPiece * kOutputs));
    places.insert(x.data);
    sizes.push_back(n_rows);
    // Memory checkers want the target of a copy on the device to have been written once.
    SLALOM_CHECK(cudaMemsetAsync(outputs, 0, static_cast<std::size_t>(n_rows * kOutputs) * sizeof(float), stream));
    SLALOM_CHECK(cudaMemcpy2DAsync(outputs, kOutputs * sizeof(float), x.data, kStride * sizeof(float),
                                   kOutputs * sizeof(float), static_cast<std::size_t>(n_rows), cudaMemcpyDeviceToDevice,
                                   stream));
  }

  std::vector<std::int64_t> known_pieces, sizes;
  std::set<const float*> places;

 private:
  std::span<const float> outputs_;
};

class PredictionTest : public DeviceTest {
 protected:
  PredictionTest() : features_(kRows * kStride) { std::iota(features_.begin(), features_.end(), 0.0F); }

  [[nodiscard]] cuda::PredictionJob job(std::span<const std::uint32_t> rows, std::span<float> outputs) const {
    return {.x = {.data = features_.data(), .n_rows = kRows, .n_features = kStride, .stride = kStride},
            .rows = rows,
            .n_outputs = kOutputs,
            .outputs = outputs};
  }
  static std::vector<float> untouched(std::size_t n_rows) { return std::vector<float>(n_rows * kOutputs, kUntouched); }
  static void expect_row(const std::vector<float>& outputs, std::size_t place, std::size_t row) {
    for (std::size_t j = 0; j < kOutputs; ++j) {
      EXPECT_EQ(outputs[place * kOutputs + j], static_cast<float>(row * kStride + j)) << "row " << row;
    }
  }

  static constexpr std::size_t kRows = 5 * kPiece + 3;
  std::vector<float> features_;
};

/// Buffers that cut calls into pieces of kPiece rows.
struct SmallPieces {
  SmallPieces() {
    while (buffers.make_smaller(kPiece)) {
    }
  }
  cuda::PredictionBuffers buffers;
  cuda::Stream stream = cuda::make_stream();
};

TEST_F(PredictionTest, APieceIsSentBeforeTheOneBeforeItIsDone) {
  SmallPieces small;
  std::vector<float> outputs = untouched(kRows);
  CopyingEngine engine(outputs);
  small.buffers.predict(engine, job({}, outputs), small.stream.get());
  EXPECT_EQ(engine.known_pieces, (std::vector<std::int64_t>{0, 0, 1, 2, 3, 4}));
  EXPECT_EQ(engine.places.size(), 2U);
  EXPECT_EQ(engine.sizes, (std::vector<std::int64_t>{8, 8, 8, 8, 8, 3}));
  for (std::size_t i = 0; i < kRows; ++i) expect_row(outputs, i, i);
}

TEST_F(PredictionTest, RowsComeInTheOrderAskedForFromCallToCall) {
  SmallPieces small;
  for (const std::size_t n : {std::size_t{1}, std::size_t{8}, std::size_t{9}, std::size_t{100}, std::size_t{17}}) {
    SCOPED_TRACE(n);
    std::vector<std::uint32_t> rows(n);
    for (std::size_t i = 0; i < n; ++i) rows[i] = static_cast<std::uint32_t>(i * 7 % kRows);
    std::vector<float> outputs = untouched(n);
    CopyingEngine engine(outputs);
    small.buffers.predict(engine, job(rows, outputs), small.stream.get());
    for (std::size_t i = 0; i < n; ++i) expect_row(outputs, i, rows[i]);
  }
}

TEST_F(PredictionTest, OnePieceTakesHalfOfTheMemoryOfMore) {
  SmallPieces small;
  std::vector<float> outputs = untouched(kRows);
  CopyingEngine engine(outputs);
  small.buffers.predict(engine, job({}, std::span(outputs).first(kPiece * kOutputs)), small.stream.get());
  const std::int64_t one = small.buffers.memory_bytes();
  small.buffers.predict(engine, job({}, outputs), small.stream.get());
  EXPECT_EQ(small.buffers.memory_bytes(), 2 * one);
  EXPECT_TRUE(small.buffers.release());
  EXPECT_EQ(small.buffers.memory_bytes(), 0);
}

}  // namespace
}  // namespace slalom::testing
