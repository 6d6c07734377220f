# bpf_skeleton(NAME SOURCES...): compile each .bpf.c, link them into one object,
# and write GEN_DIR/NAME.skel.h. Nothing generated touches the source tree.
# Each source is also compiled for arm64, so that a probe which only x86-64 takes fails the build.
find_program(BPF_CLANG clang REQUIRED)
find_program(BPF_STRIP NAMES llvm-strip llvm-strip-14 REQUIRED)
find_program(BPFTOOL bpftool HINTS /usr/sbin REQUIRED)

set(BPF_ARCH_x86_64 x86)
set(BPF_ARCH_aarch64 arm64)
set(BPF_FLAGS -target bpf -g -O2 -std=gnu17 -Wall -Wextra -Werror
	-I${CMAKE_SOURCE_DIR}/probes -isystem /usr/include/${CMAKE_C_LIBRARY_ARCHITECTURE})

function(bpf_object src obj arch)
	add_custom_command(OUTPUT ${obj}
		COMMAND ${BPF_CLANG} ${BPF_FLAGS} -D__TARGET_ARCH_${arch} -MD -MF ${obj}.d -c ${src} -o ${obj}
		COMMAND ${BPF_STRIP} -g ${obj}
		DEPENDS ${src} DEPFILE ${obj}.d VERBATIM)
endfunction()

function(bpf_skeleton name)
	foreach(src ${ARGN})
		get_filename_component(stem ${src} NAME_WE)
		bpf_object(${src} ${GEN_DIR}/${stem}.bpf.o ${BPF_ARCH_${CMAKE_SYSTEM_PROCESSOR}})
		bpf_object(${src} ${GEN_DIR}/arm64/${stem}.bpf.o arm64)
		list(APPEND objs ${GEN_DIR}/${stem}.bpf.o)
		list(APPEND arm_objs ${GEN_DIR}/arm64/${stem}.bpf.o)
	endforeach()
	add_custom_command(OUTPUT ${GEN_DIR}/${name}.skel.h
		COMMAND ${BPFTOOL} gen object ${GEN_DIR}/${name}.o ${objs}
		COMMAND sh -c "${BPFTOOL} gen skeleton ${GEN_DIR}/${name}.o name ${name} > ${GEN_DIR}/${name}.skel.h"
		DEPENDS ${objs} VERBATIM)
	add_custom_target(${name}_skel DEPENDS ${GEN_DIR}/${name}.skel.h)
	add_custom_target(${name}_arm64 ALL DEPENDS ${arm_objs})
	add_library(${name} INTERFACE)
	add_dependencies(${name} ${name}_skel)
	target_include_directories(${name} SYSTEM INTERFACE ${GEN_DIR})
endfunction()
