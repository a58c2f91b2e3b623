# How every directory of the house is built: one library with its sources listed, and one test
# program beside it.

find_program(CCACHE ccache)
if(CCACHE)
  # Paths relative to the source tree, so that every build directory shares one cache.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env
      CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1
      CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime ${CCACHE})
endif()
find_program(MOLD mold)
if(MOLD)
  add_link_options(-fuse-ld=mold)
endif()

add_compile_options(-Wall -Wextra -Wno-missing-field-initializers)
add_compile_definitions(BOOST_ASIO_NO_DEPRECATED BOOST_ASIO_DISABLE_BOOST_COROUTINE)
if(NOT CMAKE_BUILD_TYPE STREQUAL Debug)
  add_compile_options(-fno-plt -fstack-protector-strong)
  add_compile_definitions(_FORTIFY_SOURCE=2)
endif()
if(STAFFETTA_SANITIZE)
  add_compile_options(-fsanitize=${STAFFETTA_SANITIZE} -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${STAFFETTA_SANITIZE})
  remove_definitions(-D_FORTIFY_SOURCE=2)
endif()

# staffetta_library(NAME SOURCES a.cc … [DEPS lib …])
function(staffetta_library NAME)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS" ${ARGN})
  add_library(${NAME} STATIC ${ARG_SOURCES})
  target_include_directories(${NAME} PUBLIC ${CMAKE_SOURCE_DIR}/services)
  target_link_libraries(${NAME} PUBLIC ${ARG_DEPS})
endfunction()

# How many times longer than usual tests may take.
set(STAFFETTA_TEST_PATIENCE 1)
if(STAFFETTA_SANITIZE)
  set(STAFFETTA_TEST_PATIENCE 5)
endif()

# The time limit of a test that usually needs less than so many seconds.
function(staffetta_timeout OUT SECONDS)
  math(EXPR TIMEOUT "${SECONDS} * ${STAFFETTA_TEST_PATIENCE}")
  set(${OUT} ${TIMEOUT} PARENT_SCOPE)
endfunction()

# staffetta_test(NAME SOURCES a_test.cc … [DEPS lib …]): a GoogleTest program; ctest sees each test.
# Only what is tested is optimised: for the tests' own code that would take a sixth of the build.
function(staffetta_test NAME)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS" ${ARGN})
  add_executable(${NAME} ${ARG_SOURCES})
  target_include_directories(${NAME} PRIVATE ${CMAKE_SOURCE_DIR}/services)
  target_link_libraries(${NAME} PRIVATE ${ARG_DEPS} GTest::gmock GTest::gtest_main)
  if(NOT CMAKE_BUILD_TYPE STREQUAL Debug)
    target_compile_options(${NAME} PRIVATE -O0 -U_FORTIFY_SOURCE)
  endif()
  staffetta_timeout(TIMEOUT 120)
  gtest_discover_tests(${NAME} DISCOVERY_TIMEOUT ${TIMEOUT} PROPERTIES TIMEOUT ${TIMEOUT})
endfunction()
