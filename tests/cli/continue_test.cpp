// SPDX-License-Identifier: Apache-2.0
// slalom train --init-from, from the outside.
#include <fstream>
#include <sstream>

#include "cli/command_line.hpp"
#include "support/shared_data.hpp"

namespace slalom::testing {
namespace {

class ContinueCommand : public CommandLine {
 protected:
  void SetUp() override {
    CommandLine::SetUp();
    write("old.csv", plane_csv(200));
    ASSERT_EQ(slalom("train --data old.csv --target y --model mlp --hidden 8 --lr 0.01 --epochs 5 --quiet "
                     "--out old.safetensors")
                  .status,
              0);
    // The same plane elsewhere: `a` 30 to 40 and not 0 to 10.
    TestNumbers numbers(5);
    std::ostringstream csv;
    csv << "y,b,a,colour\n";
    for (int i = 0; i < 200; ++i) {
      const double a = 30.0 + 10.0 * numbers.next(), b = 4.0 * numbers.next();
      csv << 3.0 * a - 2.0 * b + 1.0 << ',' << b << ',' << a << ',' << (i % 10 == 0 ? "green" : "blue") << '\n';
    }
    write("new.csv", csv.str());
  }
};

constexpr const char* kContinue = "train --data new.csv --init-from old.safetensors --out new.safetensors --epochs 30 ";

TEST_F(ContinueCommand, TakesEverythingFromTheModelAndTellsOfDrift) {
  const Outcome run = slalom(std::string(kContinue) + "--json");
  ASSERT_EQ(run.status, 0) << run.err;
  EXPECT_NE(run.err.find("note: the data have drifted from those of old.safetensors: 3 of 4 columns beyond the "
                         "thresholds, worst 'a' (mean up by 11 standard deviations)"),
            std::string::npos)
      << run.err;
  EXPECT_NE(run.out.find("drift: 3 of 4 columns differ from those of the model beyond the thresholds\n"),
            std::string::npos)
      << run.out;
  const nlohmann::json drift = run.json().at("drift");
  EXPECT_EQ(drift.at("beyond"), 3);
  EXPECT_EQ(drift.at("worst").at(0).at("name"), "a");
  EXPECT_GT(drift.at("worst").at(0).at("shift"), 9.0);
  for (const nlohmann::json& column : drift.at("worst")) {
    if (column.at("name") == "colour") {
      EXPECT_NEAR(column.at("unseen").get<double>(), 0.1, 0.03);  // a tenth of all, of which some are validated on
    }
  }
  const Outcome inspection = slalom("inspect new.safetensors");
  EXPECT_NE(inspection.out.find("old.safetensors"), std::string::npos) << inspection.out;
  const Outcome quiet = slalom(std::string(kContinue) + "--quiet");
  EXPECT_EQ(quiet.out + quiet.err, "");
}

TEST_F(ContinueCommand, RefusesFlagsThatContradictTheModel) {
  const auto usage = [&](const std::string& flags, const std::string& message) {
    expect_error(kContinue + flags, 64, message, "new.safetensors");
  };
  const std::string as = " as in old.safetensors (--init-from)";
  usage("--model linear", "--model: found linear, expected mlp" + as);
  usage("--hidden 8,8", "--hidden: found 8,8, expected 8" + as);
  usage("--batch-norm", "--batch-norm: found yes, expected no" + as);
  usage("--loss mae", "--loss: found mae, expected mse" + as);
  usage("--target a", "--target: found a, expected y" + as);
  for (const char* flag : {"--init he-normal", "--init-scale 2", "--missing error", "--max-categories 5",
                           "--no-target-scale", "--scale minmax"}) {
    const std::string name = std::string(flag).substr(0, std::string(flag).find(' '));
    usage(flag, name + ": found with --init-from, expected none: it is as in old.safetensors");
  }
  for (const char* flag : {"--drop b", "--features b", "--categorical colour"}) {
    const std::string name = std::string(flag).substr(0, std::string(flag).find(' '));
    usage(flag, name + ": found with --init-from, expected none: the columns are those of old.safetensors");
  }
  expect_error("train --data new.csv --target y --refit-scaling --out new.safetensors", 64,
               "--refit-scaling: found without --init-from, expected the model to go on from", "new.safetensors");
  expect_error("train --data new.csv --init-from none.safetensors --out new.safetensors", 66,
               "none.safetensors: no such file", "new.safetensors");
  expect_error("train --data new.csv --init-from new.csv --out new.safetensors", 65,
               "new.csv: not a slalom model: it does not begin with the length of a safetensors header",
               "new.safetensors");
  expect_error("train --data new.csv --init-from old.safetensors --out old.safetensors", 64,
               "--out: old.safetensors is also the file of --init-from, expected another one", "new.safetensors");
}

TEST_F(ContinueCommand, FlagsThatAgreeOrConcernTrainingOnlyAreTaken) {
  const Outcome run = slalom(std::string(kContinue) +
                             "--quiet --model mlp --hidden 8 --loss mse --target 0 --dropout 0.1 --batch-size 7 "
                             "--optimizer momentum --weight-column w --lr 0.001");
  EXPECT_EQ(run.err, "slalom: --weight-column: no column 'w' in new.csv; columns are 'y', 'b', 'a', 'colour'\n");
  EXPECT_EQ(slalom(std::string(kContinue) + "--quiet --model mlp --hidden 8 --loss mse --target 0 --dropout 0.1 "
                                            "--batch-size 7 --optimizer momentum --lr 0.001")
                .status,
            0);
}

TEST_F(ContinueCommand, SaysWhatOfTheDataDoesNotFit) {
  write("new.csv", "y,b,colour\n1,2,red\n2,3,blue\n3,4,red\n4,5,red\n5,6,red\n");
  expect_error(kContinue, 65, "new.csv: column 'a' is missing; the model was trained on it", "new.safetensors");
  write("new.csv", "z,a,b,colour\n1,2,3,red\n2,3,4,blue\n");
  expect_error(kContinue, 64, "--target: no column 'y' in new.csv; columns are 'z', 'a', 'b', 'colour'",
               "new.safetensors");
  write("classes.csv", "x,kind\n1,low\n2,low\n3,high\n4,high\n5,high\n6,low\n");
  ASSERT_EQ(slalom("train --data classes.csv --target kind --model logistic --quiet --valid-fraction 0 "
                   "--out classes.safetensors")
                .status,
            0);
  write("more.csv", "x,kind\n1,low\n2,middle\n3,high\n");
  expect_error("train --data more.csv --init-from classes.safetensors --valid-fraction 0 --out new.safetensors", 65,
               "more.csv, line 3, column 'kind': found the class 'middle', which the model does not know",
               "new.safetensors");
}

TEST_F(ContinueCommand, CanBeInterruptedAndResumed) {
  const std::string command = std::string(kContinue) + "--quiet --refit-scaling ";
  ASSERT_EQ(slalom(command).status, 0);
  const std::string whole = read("new.safetensors");
  ASSERT_EQ(slalom(command + "--checkpoint-dir ck --max-time 0.000001").status, 0);
  EXPECT_FALSE(read("new.safetensors") == whole);
  ASSERT_EQ(slalom(command + "--checkpoint-dir ck --resume").status, 0);
  EXPECT_TRUE(read("new.safetensors") == whole);
  const Outcome other =
      slalom("train --data new.csv --target y --model mlp --hidden 8 --quiet --checkpoint-dir ck --resume");
  EXPECT_EQ(other.status, 64);
  EXPECT_NE(other.err.find(" was made with other settings: --init-from: found parameters with checksum "),
            std::string::npos)
      << other.err;
}

TEST_F(ContinueCommand, HousesOfTheNorthTeachThoseOfTheSouth) {
  const std::filesystem::path shared = shared_dir();
  if (shared.empty()) GTEST_SKIP() << "there is no folder with reference data";
  std::ifstream in(shared / "data" / "california_housing.csv");
  std::ofstream north(folder() / "north.csv"), south(folder() / "south.csv");
  std::string line;
  std::getline(in, line);
  north << line << '\n';
  south << line << '\n';
  ASSERT_TRUE(line.starts_with("longitude,latitude,")) << line;
  while (std::getline(in, line)) (std::stod(line.substr(line.find(',') + 1)) > 36.0 ? north : south) << line << '\n';
  north.close();
  south.close();
  ASSERT_EQ(
      slalom("train --data north.csv --target median_house_value --model mlp --hidden 32,16 --lr 0.01 --epochs 10 "
             "--device cpu --quiet --out north.safetensors")
          .status,
      0);
  const double untaught = slalom("evaluate --model north.safetensors --data south.csv --json").json().at("r2");
  const auto taught = [&](const std::string& flags) {
    const Outcome run = slalom("train --data south.csv --lr 0.003 --epochs 3 --device cpu --json " + flags);
    EXPECT_EQ(run.status, 0) << run.err;
    return run.json();
  };
  const nlohmann::json kept = taught("--init-from north.safetensors");
  const nlohmann::json refitted = taught("--init-from north.safetensors --refit-scaling");
  const nlohmann::json anew = taught("--target median_house_value --model mlp --hidden 32,16");
  const auto r2 = [](const nlohmann::json& run) { return run.at("valid").at("r2").get<double>(); };
  EXPECT_LT(untaught, r2(kept));
  EXPECT_GT(r2(kept), 0.6);
  EXPECT_GT(r2(refitted), r2(anew));
  const std::string first = kept.at("drift").at("worst").at(0).at("name");
  EXPECT_TRUE(first == "latitude" || first == "longitude") << first;
}

}  // namespace
}  // namespace slalom::testing
