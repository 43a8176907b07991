/** Moves values apart so that neighbours keep the gap, each as near as may be to where it was; the order stays. */
export function spread(values: number[], gap: number): number[] {
  const order = values.map((_, i) => i).sort((a, b) => values[a] - values[b]);
  // Groups of touching labels, each centred on the mean of its values.
  const groups: Array<{members: number[]; center: number}> = [];
  for (const i of order) {
    groups.push({members: [i], center: values[i]});
    while (groups.length > 1) {
      const [below, above] = groups.slice(-2);
      const room = ((below.members.length + above.members.length) / 2) * gap;
      if (above.center - below.center >= room) break;
      const members = [...below.members, ...above.members];
      const center = members.reduce((sum, j) => sum + values[j], 0) / members.length;
      groups.splice(-2, 2, {members, center});
    }
  }
  const moved = [...values];
  for (const {members, center} of groups) {
    members.forEach((i, place) => (moved[i] = center + (place - (members.length - 1) / 2) * gap));
  }
  return moved;
}
