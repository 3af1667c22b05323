'use strict';
// Only enhances: filters contenders, sorts tables, offers files. The page is complete without it.
(() => {
  const all = (query, from = document) => [...from.querySelectorAll(query)];
  const hidden = new Set();

  // The filter lives in the hash, "#hide=1,3", beside an anchor where there is one: "#memory&hide=1".
  const readHash = () => {
    hidden.clear();
    const found = /(?:^#|&)hide=([\d,]*)/.exec(location.hash);
    if (found) found[1].split(',').filter(Boolean).forEach((index) => hidden.add(index));
    apply();
    const anchor = location.hash.slice(1).split('&')[0];
    const target = anchor && !anchor.startsWith('hide=') && document.getElementById(anchor);
    if (target && found) target.scrollIntoView();
  };
  const writeHash = () => {
    const anchor = location.hash.slice(1).split('&')[0];
    const parts = anchor && !anchor.startsWith('hide=') ? [anchor] : [];
    if (hidden.size) parts.push('hide=' + [...hidden].sort((a, b) => a - b).join(','));
    try {
      history.replaceState(null, '', '#' + parts.join('&'));
    } catch {
      location.hash = parts.join('&');
    }
  };
  const apply = () => {
    all('[data-c]').forEach((element) => element.classList.toggle('off', hidden.has(element.dataset.c)));
    all('[data-toggle]').forEach((button) =>
      button.setAttribute('aria-pressed', String(!hidden.has(button.dataset.toggle))));
  };
  all('[data-toggle]').forEach((button) => button.addEventListener('click', () => {
    const index = button.dataset.toggle;
    if (!hidden.delete(index)) hidden.add(index);
    apply();
    writeHash();
  }));
  window.addEventListener('hashchange', readHash);
  readHash();

  // Tables sort by the number behind a cell; what is not there stays last.
  all('table.sortable').forEach((table) => {
    const body = table.tBodies[0];
    const heads = all('thead th', table);
    heads.forEach((head, column) => {
      const button = document.createElement('button');
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener('click', () => {
        const down = head.getAttribute('aria-sort') === 'ascending';
        heads.forEach((other) => other.removeAttribute('aria-sort'));
        head.setAttribute('aria-sort', down ? 'descending' : 'ascending');
        const key = (row) => {
          const cell = row.cells[column];
          if (column === 0) return cell.textContent;
          return cell.dataset.v === undefined ? null : Number(cell.dataset.v);
        };
        const order = (a, b) => {
          const [x, y] = [key(a), key(b)];
          if (x === null || y === null) return (x === null) - (y === null);
          const sign = x < y ? -1 : x > y ? 1 : 0;
          return down ? -sign : sign;
        };
        body.append(...[...body.rows].sort(order));
      });
    });
  });

  const offer = (text, name, parts, type) => {
    const link = document.createElement('a');
    link.textContent = text;
    link.href = '#';
    link.addEventListener('click', (event) => {
      event.preventDefault();
      const url = URL.createObjectURL(new Blob(parts(), { type }));
      const save = document.createElement('a');
      save.href = url;
      save.download = name;
      save.click();
      setTimeout(() => URL.revokeObjectURL(url), 1000);
    });
    return link;
  };
  const style = all('head style')[0].textContent;
  all('figure').forEach((figure) => all('.panel', figure).forEach((panel, number) => {
    const line = document.createElement('p');
    line.className = 'get';
    line.append(offer('SVG', `${figure.id}-${number + 1}.svg`, () => {
      const picture = panel.querySelector('.draw svg').cloneNode(true);
      const own = document.createElementNS('http://www.w3.org/2000/svg', 'style');
      own.textContent = style;
      picture.prepend(own);
      return [new XMLSerializer().serializeToString(picture)];
    }, 'image/svg+xml'));
    panel.append(line);
  }));
  const records = document.getElementById('download-records');
  records.prepend(offer('Save the records as JSON', 'records.json',
    () => [document.getElementById('records').textContent], 'application/json'), '. ');
})();
