/** What one trained model is about and came to. */
export interface ModelResult {
  /** Short name for tables and plots: 'cross-entropy', 'large margin'. */
  name: string;
  /** How it was trained, one line. */
  recipe: string;
  /** Accuracy on the test set, 0..1. */
  testAccuracy: number;
  /** Accuracy on the validation set after each epoch, 0..1 (labels are clean there). */
  validationAccuracy: number[];
  /** Label loss and margin of each logged training step. */
  steps: Array<{step: number; crossEntropy: number; margin?: number}>;
  /** Median distance of test examples to the boundary by layer, l2, in units of the layer. */
  medianDistances: Record<string, number>;
  /** Distances of test examples at the input, l2, for the histogram. */
  inputDistances: number[];
  /** Accuracy under white-box I-FGSM by epsilon, 0..1, per example the worse of two losses. */
  attacks: Array<{
    epsilon: number;
    accuracy: number;
    underCrossEntropy: number;
    underLogitMargin: number;
    /** The same with APGD among the attacks. */
    worstCase?: number;
  }>;
  /** Median seconds of a training step, and of the whole training. */
  secondsPerStep: number;
  seconds: number;
  /** Set for a result of an earlier run that is only shown: its date. */
  storedOn?: string;
}

/** One question of the main job, with the models that answer it; the first is the baseline. */
export interface Question {
  id: 'noise' | 'attacks';
  title: string;
  /** What is compared: 'test accuracy' or 'accuracy under I-FGSM at epsilon 0.1'. */
  measure: string;
  models: ModelResult[];
}

/** Everything that the report shows; written as result.json. */
export interface ExperimentResult {
  date: string;
  command: string;
  machine: string;
  versions: Record<string, string>;
  backend: string;
  seed: number;
  quick: boolean;
  net: 'small' | 'paper';
  seconds: number;
  peakMemoryGiB: number;
  questions: Question[];
  /** A few test images with their attacked versions: 28x28 pixels in 0..1, and what each model says of them. */
  pictures: Array<{
    label: number;
    epsilon: number;
    models: Array<{name: string; pixels: number[]; prediction: number}>;
  }>;
}
