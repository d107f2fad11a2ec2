// SPDX-License-Identifier: Apache-2.0
// Models of real data sets give in onnxruntime what slalom predict gives.
#include "export/onnx_fixture.hpp"
#include "support/shared_data.hpp"

namespace slalom::testing {
namespace {

class OnnxRealData : public OnnxFixture {
 protected:
  void SetUp() override {
    OnnxFixture::SetUp();
    if (shared_dir().empty()) GTEST_SKIP() << "no reference data beside the source tree";
  }
  void expect_same(const std::string& file, const std::string& flags, const std::string& read_flags = "") {
    const std::string data = (shared_dir() / "data" / file).string();
    make("m", flags, data, data, read_flags);
    const Outcome run = check(data + " m " + read_flags);
    EXPECT_EQ(run.status, 0) << run.out << run.err;
  }
};

TEST_F(OnnxRealData, CaliforniaHousing) {
  expect_same("california_housing.csv",
              "--target median_house_value --model mlp --hidden 64,64 --lr 0.001 --batch-size 64 --epochs 3");
}

TEST_F(OnnxRealData, PenguinSpecies) {
  expect_same("penguins.csv", "--target species --model softmax --lr 0.02 --epochs 30");
}

TEST_F(OnnxRealData, PenguinMass) {
  expect_same("penguins.csv", "--target body_mass_g --model mlp --hidden 16 --batch-norm --epochs 30");
}

TEST_F(OnnxRealData, Digits) {
  expect_same("digits.csv.gz", "--target -1 --model mlp --hidden 32 --activation silu --dropout 0.1 --epochs 10",
              "--no-header");
}

}  // namespace
}  // namespace slalom::testing
