// SPDX-License-Identifier: LGPL-3.0-or-later
#include "platform/posix/control_group.h"

#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <string>

#include <gtest/gtest.h>

namespace rat_memcache::platform {
namespace {

namespace fs = std::filesystem;

class ControlGroupTest : public testing::Test {
 protected:
  ControlGroupTest() {
    std::string name = (fs::temp_directory_path() / "control_group_XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
  }
  ~ControlGroupTest() override { fs::remove_all(folder_); }

  void Write(const fs::path& path, const std::string& text) {
    fs::create_directories((folder_ / path).parent_path());
    std::ofstream(folder_ / path) << text;
  }
  size_t Limit() { return ControlGroupLimit(folder_ / "membership", folder_ / "mount"); }

  fs::path folder_;
};

TEST_F(ControlGroupTest, WithoutFilesThereIsNoLimit) { EXPECT_EQ(Limit(), SIZE_MAX); }

TEST_F(ControlGroupTest, TheSmallestLimitOnTheWayUpCounts) {
  Write("membership", "0::/system.slice/cache.service\n");
  Write("mount/system.slice/memory.max", "1000\n");
  Write("mount/system.slice/cache.service/memory.max", "max\n");
  EXPECT_EQ(Limit(), 1000u);
  Write("mount/system.slice/cache.service/memory.max", "300\n");
  EXPECT_EQ(Limit(), 300u);
}

TEST_F(ControlGroupTest, WhatIsNoNumberIsNoLimit) {
  for (const char* text : {"", "max\n", "12abc\n", "1 2\n", "-1\n", "99999999999999999999999\n"}) {
    Write("mount/memory.max", text);
    EXPECT_EQ(Limit(), SIZE_MAX) << text;
  }
}

TEST_F(ControlGroupTest, AContainerSeesItsGroupAsTheRoot) {
  Write("membership", "0::/../../not/visible/here\n");
  Write("mount/memory.max", "4096\n");
  EXPECT_EQ(Limit(), 4096u);
}

TEST_F(ControlGroupTest, Version1) {
  Write("membership", "4:cpu:/x\n3:memory:/x/y\n0::/x\n");
  Write("mount/memory/x/y/memory.limit_in_bytes", "9223372036854771712\n");
  Write("mount/memory/x/memory.limit_in_bytes", "123456\n");
  EXPECT_EQ(Limit(), 123456u);
}

}  // namespace
}  // namespace rat_memcache::platform
