// SPDX-License-Identifier: Apache-2.0
// Real data sets reach the results of closed-form least squares and of converged logistic regression.
#include <fstream>

#include "cli/command_line.hpp"
#include "support/shared_data.hpp"

namespace slalom::testing {
namespace {

class ReferenceResults : public CommandLine {
 protected:
  void SetUp() override {
    CommandLine::SetUp();
    if (shared_dir().empty()) GTEST_SKIP() << "no reference data beside the source tree";
    std::ifstream file(shared_dir() / "data" / "reference.json");
    reference_ = nlohmann::json::parse(file);
    data_ = shared_dir() / "data";
  }
  /// Trains on the .train part and returns the metrics on the .test part.
  nlohmann::json fit(const std::string& stem, const std::string& flags, const std::string& read_flags = "") {
    const Outcome run = slalom("train --data " + stem + ".train.csv --valid-fraction 0 --out m.safetensors --quiet " +
                               read_flags + " " + flags);
    EXPECT_EQ(run.status, 0) << run.err;
    const Outcome test = slalom("evaluate --model m.safetensors --data " + stem + ".test.csv --json " + read_flags);
    EXPECT_EQ(test.status, 0) << test.err;
    return test.json();
  }
  nlohmann::json reference_;
  std::filesystem::path data_;
};

TEST_F(ReferenceResults, LinearReachesLeastSquaresOnCaliforniaHousing) {
  split_reference(data_ / "california_housing.csv", "housing", true);
  const double expected = reference_.at("california_housing").at("ols_test_mse").get<double>();
  const double mse =
      fit("housing", "--target median_house_value --lr 0.02 --batch-size 256 --epochs 100 --schedule cosine").at("mse");
  EXPECT_LT(mse, 1.005 * expected);
  EXPECT_GT(mse, 0.995 * expected);
}

TEST_F(ReferenceResults, NetworkBeatsTheReferenceNetworkOnCaliforniaHousing) {
  split_reference(data_ / "california_housing.csv", "housing", true);
  const double mse =
      fit("housing", "--target median_house_value --model mlp --hidden 64,64 --lr 0.001 --batch-size 64 --epochs 40")
          .at("mse");
  EXPECT_LT(mse, 2.81e9);
}

TEST_F(ReferenceResults, LinearReachesLeastSquaresOnWine) {
  split_reference(data_ / "winequality-red.csv", "wine", true);
  const double expected = reference_.at("winequality-red").at("ols_test_mse").get<double>();
  const double mse =
      fit("wine", "--target quality --lr 0.02 --batch-size 128 --epochs 400 --schedule cosine").at("mse");
  EXPECT_LT(mse, 1.005 * expected);
  EXPECT_GT(mse, 0.995 * expected);
}

TEST_F(ReferenceResults, LogisticReachesTheReferenceOnBreastCancer) {
  split_reference(data_ / "breast_cancer.csv", "cancer", false);
  const nlohmann::json expected = reference_.at("breast_cancer").at("logistic_l2_C1");
  const nlohmann::json test =
      fit("cancer",
          "--target -1 --model logistic --l2 0.00219298 --lr 0.05 --batch-size 114 --epochs 2000 --schedule cosine",
          "--no-header");
  EXPECT_NEAR(test.at("log_loss").get<double>(), expected.at("test_log_loss").get<double>(),
              0.01 * expected.at("test_log_loss").get<double>());
  EXPECT_NEAR(test.at("auc").get<double>(), 1.0, 1e-9);
}

TEST_F(ReferenceResults, LogisticReachesTheReferenceOnAdult) {
  const nlohmann::json expected =
      reference_.at("a9a (train a9a.libsvm, test a9a.t.libsvm, features not standardised)").at("logistic_l2_C1");
  const Outcome run =
      slalom("train --data " + (data_ / "a9a.libsvm").string() +
             " --target label --model logistic --scale none --l2 3.071e-5 --lr 0.02 --batch-size 256 --epochs 60 "
             "--schedule cosine --valid-fraction 0 --out m.safetensors --quiet");
  ASSERT_EQ(run.status, 0) << run.err;
  const Outcome test = slalom("evaluate --model m.safetensors --data " + (data_ / "a9a.t.libsvm").string() + " --json");
  ASSERT_EQ(test.status, 0) << test.err;
  EXPECT_NEAR(test.json().at("log_loss").get<double>(), expected.at("test_log_loss").get<double>(),
              0.01 * expected.at("test_log_loss").get<double>());
}

}  // namespace
}  // namespace slalom::testing
