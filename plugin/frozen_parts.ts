import {LayersModel, type layers} from '@tensorflow/tfjs-layers';

type Layer = layers.Layer;

/** Names on the way to a part of a model, outermost first, under the one key whose values tfjs saves as they are. */
type Path = Array<{name: string}>;

/** What of a model is frozen, and not in its config: tfjs writes the flags of layers, of nothing else. */
export interface FrozenParts {
  /** Nested models; an empty path means the whole. */
  models: Path[];
  /** Single weights of layers that are not frozen themselves. */
  weights: Path[];
}

/** Finds the frozen parts of a model; undefined where its config says all. */
export function frozenParts(model: LayersModel): FrozenParts | undefined {
  const found: FrozenParts = {models: [], weights: []};
  visit(model, [], (part, path) => {
    if (part instanceof LayersModel) {
      if (!part.trainable) found.models.push(path);
    } else if (part.trainable) {
      for (const weight of ownTrainable(part)) {
        if (!weight.trainable) found.weights.push([...path, {name: weight.originalName}]);
      }
    }
  });
  return found.models.length + found.weights.length > 0 ? found : undefined;
}

/** Freezes in a model that was made anew what `frozenParts` found. */
export function freezeParts(model: LayersModel, {models, weights}: FrozenParts): void {
  const keyOf = (path: Path) => JSON.stringify(path.map(({name}) => name));
  const [frozenModels, frozenWeights] = [new Set(models.map(keyOf)), new Set(weights.map(keyOf))];
  // A Sequential model puts itself together when it is first used, and sets all flags anew.
  if (!model.built) model.build(undefined as never);
  visit(model, [], (part, path) => {
    if (part instanceof LayersModel) {
      // Writes over the flags of the weights inside, which come later.
      if (frozenModels.has(keyOf(path))) part.trainable = false;
      return;
    }
    for (const weight of ownTrainable(part)) {
      if (frozenWeights.has(keyOf([...path, {name: weight.originalName}]))) weight.trainable = false;
    }
  });
}

/** The weights of a layer that its kind trains, whatever their flags now. */
function ownTrainable(layer: Layer): Array<{originalName: string; trainable: boolean}> {
  return (layer as unknown as {_trainableWeights: Array<{originalName: string; trainable: boolean}>})
    ._trainableWeights;
}

function visit(part: Layer, path: Path, look: (part: Layer, path: Path) => void): void {
  look(part, path);
  if (!(part instanceof LayersModel)) return;
  for (const inner of part.layers) visit(inner, [...path, {name: inner.name}], look);
}
