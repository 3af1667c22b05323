// Offers files: each drawing as SVG and PNG, the records as JSON. The tables as CSV are links without a script.
{
  const offer = (text, name, make) => {
    const link = create('a', text, { href: '#', ariaLabel: `${text}: ${name}` });
    link.addEventListener('click', async (event) => {
      event.preventDefault();
      const save = create('a', '', { href: URL.createObjectURL(await make()), download: name });
      save.click();
      setTimeout(() => URL.revokeObjectURL(save.href), 1000);
    });
    return link;
  };
  const style = one('style').textContent;
  const standalone = (svg, more = '') => {
    const picture = svg.cloneNode(true);
    const own = document.createElementNS(svg.namespaceURI, 'style');
    own.textContent = style + more;
    picture.prepend(own);
    return new XMLSerializer().serializeToString(picture);
  };
  // In the colours that the page has now: a picture of dots has no theme to follow.
  const png = async (svg) => {
    const theme = getComputedStyle(document.documentElement);
    const colours = style.match(/--\w+/g).map((name) => `${name}:${theme.getPropertyValue(name)}`);
    const image = new Image();
    image.src = 'data:image/svg+xml,' + encodeURIComponent(standalone(svg, `:root{${colours.join(';')}}`));
    await image.decode();
    const { width, height } = svg.viewBox.baseVal;
    const canvas = create('canvas', '', { width: 2 * width, height: 2 * height });
    const paint = canvas.getContext('2d');
    paint.fillStyle = theme.getPropertyValue('--paper');
    paint.fillRect(0, 0, 2 * width, 2 * height);
    paint.drawImage(image, 0, 0, 2 * width, 2 * height);
    return new Promise((done) => canvas.toBlob(done));
  };

  all('figure').forEach((figure) => all('.panel', figure).forEach((panel, number) => {
    const [svg, name] = [() => one('svg', panel), `${figure.id}-${number + 1}`];
    const line = create('p', '', { className: 'get' });
    line.append(offer('SVG', name + '.svg', () => new Blob([standalone(svg())], { type: 'image/svg+xml' })),
      offer('PNG', name + '.png', () => png(svg())));
    panel.append(line);
  }));
  const records = one('#records').textContent;
  one('#download-records').prepend(
    offer('Save the records as JSON', 'records.json', () => new Blob([records], { type: 'application/json' })), '. ');
}
// Last, so that everything hears of it.
addEventListener('hashchange', readHash);
readHash();
