import {describe, expect, it} from 'vitest';
import {gpuRecipe, recipe, wheelsOf} from '../../../scripts/native/recipe.mjs';

interface Wheel {
  title: string;
  requirement: string;
  wheel: string;
  wheelBytes: number;
  sha256: string;
}

describe('the recipes', () => {
  const wheels: Wheel[] = [...wheelsOf(recipe), ...wheelsOf(gpuRecipe)];

  it('pin every wheel: version, file, size and checksum', () => {
    expect(wheels).toHaveLength(14);
    for (const {title, requirement, wheel, wheelBytes, sha256} of wheels) {
      const [name, version] = requirement.split('==');
      expect(wheel.startsWith(`${name.replaceAll('-', '_')}-${version}-`), wheel).toBe(true);
      expect(wheel).toMatch(/x86_64\.whl$/);
      expect(sha256, wheel).toMatch(/^[0-9a-f]{64}$/);
      expect(wheelBytes, wheel).toBeGreaterThan(500_000);
      expect(title).toContain(version);
    }
    for (const key of ['wheel', 'sha256', 'requirement'] as const) {
      expect(new Set(wheels.map(wheel => wheel[key])).size).toBe(14);
    }
  });

  it('take for a GPU the same TensorFlow, with the twelve packages of its extra and-cuda', () => {
    expect(gpuRecipe.tensorflow).toBe(recipe.tensorflow);
    expect(gpuRecipe.requirement).toBe(`tensorflow==${recipe.tensorflow}`);
    // As the wheel's own METADATA lists them.
    expect(
      wheelsOf(gpuRecipe)
        .slice(1)
        .map(({requirement}: Wheel) => requirement),
    ).toEqual([
      ...[
        'nvidia-cublas-cu12==12.2.5.6',
        'nvidia-cuda-cupti-cu12==12.2.142',
        'nvidia-cuda-nvcc-cu12==12.2.140',
      ],
      ...[
        'nvidia-cuda-nvrtc-cu12==12.2.140',
        'nvidia-cuda-runtime-cu12==12.2.140',
        'nvidia-cudnn-cu12==8.9.4.25',
      ],
      ...[
        'nvidia-cufft-cu12==11.0.8.103',
        'nvidia-curand-cu12==10.3.3.141',
        'nvidia-cusolver-cu12==11.5.2.141',
      ],
      ...['nvidia-cusparse-cu12==12.1.2.141', 'nvidia-nccl-cu12==2.16.5', 'nvidia-nvjitlink-cu12==12.2.140'],
    ]);
  });
});
